//! Judgements from a citizen's words that feed the responsibility list. Each is a pure function of facts and a
//! versioned directory; none knows of the others.

pub mod matter;
