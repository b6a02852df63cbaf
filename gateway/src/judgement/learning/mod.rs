//! What the judgements that learn from examples share: character n-grams as features, a linear model over them, and how
//! it is fitted.

pub(super) mod fit;
pub(super) mod grams;
pub(super) mod linear;
pub(super) mod normal;
pub(super) mod pieces;
pub(super) mod solve;
#[cfg(test)]
pub(super) mod teach;
