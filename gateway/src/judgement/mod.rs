//! The judgements that feed the responsibility list, each a pure function of facts and a versioned directory. None of
//! them guesses: what is not certain is said to be so, with the reason. They say which words of which list they were made
//! from, never the citizen's own.

pub mod accusation;
pub mod matter;
pub mod place;
pub mod severity;

mod learning;
mod spelling;
mod vocabulary;

#[cfg(test)]
mod tests;
