//! How large an alert may be. [`parse()`](super::parse()) enforces it.
//!
//! The limits make sure that an alert fits everything behind that, whatever its
//! content: an asynchronous Lambda invoke (1 MB) carries it, a DynamoDB item (400 KB)
//! holds it with its routing even if it cannot be compressed, and a destination's own
//! limit is only ever a matter of that destination.

/// The whole alert, bytes of compact JSON. The context is cut to what the other fields
/// leave: usually all of its own limit, and a note says so where it is less.
pub const ALERT: usize = 330 * 1024;

/// `alertId`, bytes. It is a DynamoDB partition key (2,048 at most) and an SQS
/// deduplication id's source.
pub const ALERT_ID: usize = 512;
/// `id`, characters.
pub const DETECTION_ID: usize = 1_000;
/// `title` and `name`, characters: Panther's own limit for generated titles.
pub const TITLE: usize = 1_000;
/// `description` and `runbook`, bytes.
pub const LONG_TEXT: usize = 32 * 1024;
/// `reference` and `version`, bytes.
pub const SHORT_TEXT: usize = 1_000;
/// `link`, bytes: what browsers and chat systems still follow.
pub const LINK: usize = 2_000;
/// `tags` and `logTypes`, entries.
pub const TAGS: usize = 100;
/// One tag, log type, or name in a routing list, bytes.
pub const TAG: usize = 256;
/// `routing` lists, entries. Panther keeps ten; a list of ten times that is a mistake.
pub const ROUTING_LIST: usize = 100;
/// `alertContext`, bytes of compact JSON: Panther's own limit.
pub const CONTEXT: usize = 200 * 1024;
/// `alertContext`, levels of nesting. JSON readers stop at 128, and the context
/// travels inside other objects.
pub const CONTEXT_DEPTH: usize = 100;
