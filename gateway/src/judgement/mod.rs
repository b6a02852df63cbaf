//! What the hub judges of a case before it looks for who is responsible. Each judgement is a pure function of facts
//! and a directory, and says which words of which list it was made from, never the citizen's own.

pub mod accusation;
pub mod severity;

mod vocabulary;

#[cfg(test)]
mod tests;
