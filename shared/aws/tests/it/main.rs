//! The ledger against an engine that follows the real service's answers.

mod dynamodb;
mod ledger;
mod outbox;
mod upgrade;
