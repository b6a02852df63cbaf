//! The judgements that feed the responsibility list, each a pure function of facts and a versioned directory.
//! None of them guesses: what is not certain is said to be so, with the reason.

pub mod place;
