//! What must hold of the repository as a whole.

mod dependencies;
mod events;
mod template;
