//! SQS queues: sending messages, and receiving those that wait in a dead-letter queue.

mod message;
mod receive;
mod send;

pub use message::{MESSAGE_LIMIT, Message};
pub use receive::{Depth, Origin, ReceivedMessage};
pub use send::Queue;
