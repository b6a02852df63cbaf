//! The two fits this module needs: a linear support-vector machine by dual coordinate descent (squared hinge loss;
//! Hsieh et al. 2008), and logistic regression of a few columns by Newton's method. Deterministic given a seed.

/// One text as places in the vocabulary and values.
pub(in crate::judgement) type Row = Vec<(u32, f32)>;

/// SplitMix64: shuffles that are the same everywhere.
#[derive(Debug, Clone)]
pub(in crate::judgement) struct Shuffle(u64);

impl Shuffle {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            let with = usize::try_from(self.next() % (end as u64 + 1)).unwrap_or(0);
            items.swap(end, with);
        }
    }
}

/// A hyperplane that parts `wanted` from the rest; the last weight is the bias. `cost` is what an error costs, by row.
pub(in crate::judgement) fn separate(
    rows: &[&Row],
    wanted: &[bool],
    cost: &[f32],
    width: usize,
    seed: u64,
) -> Vec<f32> {
    const ROUNDS: usize = 60;
    const CLOSE: f32 = 0.02;
    let mut weights = vec![0.0f32; width + 1];
    let mut alpha = vec![0.0f32; rows.len()];
    let squares: Vec<f32> = rows.iter().map(|r| 1.0 + r.iter().map(|(_, v)| v * v).sum::<f32>()).collect();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut shuffle = Shuffle::new(seed);
    for _ in 0..ROUNDS {
        shuffle.shuffle(&mut order);
        let mut worst = 0.0f32;
        for &at in &order {
            let sign = if wanted[at] { 1.0 } else { -1.0 };
            let slack = 0.5 / cost[at];
            let slope = sign * (dot(&weights, rows[at])) - 1.0 + slack * alpha[at];
            let violation = if alpha[at] == 0.0 { slope.min(0.0) } else { slope };
            worst = worst.max(violation.abs());
            if violation.abs() < 1e-7 {
                continue;
            }
            let before = alpha[at];
            alpha[at] = (before - slope / (squares[at] + slack)).max(0.0);
            add(&mut weights, rows[at], sign * (alpha[at] - before));
        }
        if worst < CLOSE {
            break;
        }
    }
    weights
}

fn dot(weights: &[f32], row: &Row) -> f32 {
    let bias = weights.last().copied().unwrap_or_default();
    row.iter().map(|(at, v)| weights[*at as usize] * v).sum::<f32>() + bias
}

fn add(weights: &mut [f32], row: &Row, times: f32) {
    row.iter().for_each(|(at, v)| weights[*at as usize] += times * v);
    if let Some(bias) = weights.last_mut() {
        *bias += times;
    }
}

/// A row of a logistic regression: what is known, whether it was so, what it counts.
#[derive(Debug, Clone)]
pub(in crate::judgement) struct Outcome {
    pub known: Vec<f64>,
    pub so: bool,
    pub weight: f64,
}

/// Logistic regression with a small penalty on all but the bias, which comes last.
pub(in crate::judgement) fn logistic(outcomes: &[Outcome], penalty: f64) -> Vec<f64> {
    let width = outcomes.first().map_or(0, |o| o.known.len()) + 1;
    let mut weights = vec![0.0; width];
    for _ in 0..40 {
        let (mut slope, mut curve) = (vec![0.0; width], vec![vec![0.0; width]; width]);
        for (at, w) in weights.iter().enumerate().take(width - 1) {
            slope[at] += penalty * w;
            curve[at][at] += penalty;
        }
        for outcome in outcomes {
            let x: Vec<f64> = outcome.known.iter().copied().chain([1.0]).collect();
            let p = sigmoid(x.iter().zip(&weights).map(|(x, w)| x * w).sum());
            let error = outcome.weight * (p - f64::from(u8::from(outcome.so)));
            let bend = outcome.weight * (p * (1.0 - p)).max(1e-9);
            for row in 0..width {
                slope[row] += error * x[row];
                (0..width).for_each(|col| curve[row][col] += bend * x[row] * x[col]);
            }
        }
        (0..width).for_each(|at| curve[at][at] += 1e-9);
        let step = solve(curve, slope);
        let far = step.iter().fold(0.0f64, |m, s| m.max(s.abs()));
        // A step too far is cut: Newton may overshoot where classes are parted cleanly.
        let cut = if far > 5.0 { 5.0 / far } else { 1.0 };
        weights.iter_mut().zip(&step).for_each(|(w, s)| *w -= cut * s);
        if far < 1e-9 {
            break;
        }
    }
    weights
}

/// The logistic function.
pub(in crate::judgement) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Gaussian elimination with pivoting; the matrix is symmetric and positive.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    for col in 0..n {
        let pivot = (col..n).max_by(|a, b| matrix[*a][col].abs().total_cmp(&matrix[*b][col].abs())).unwrap_or(col);
        matrix.swap(col, pivot);
        right.swap(col, pivot);
        for row in col + 1..n {
            let times = matrix[row][col] / matrix[col][col];
            let (above, below) = matrix.split_at_mut(row);
            below[0].iter_mut().zip(&above[col]).for_each(|(b, a)| *b -= times * a);
            right[row] -= times * right[col];
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|col| matrix[row][col] * right[col]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hyperplane_parts_what_can_be_parted() {
        let rows: Vec<Row> = vec![vec![(0, 1.0)], vec![(0, 0.9), (2, 0.1)], vec![(1, 1.0)], vec![(1, 0.8), (2, 0.3)]];
        let wanted = [true, true, false, false];
        let weights = separate(&rows.iter().collect::<Vec<_>>(), &wanted, &[1.0; 4], 3, 7);
        for (row, wanted) in rows.iter().zip(wanted) {
            assert_eq!(dot(&weights, row) > 0.0, wanted);
        }
        assert_eq!(weights, separate(&rows.iter().collect::<Vec<_>>(), &wanted, &[1.0; 4], 3, 7));
    }

    #[test]
    fn logistic_regression_finds_the_odds() {
        let outcome = |x: f64, so| Outcome { known: vec![x], so, weight: 1.0 };
        // At 0 one in four is so, at 1 three in four: odds 1/3 and 3, so bias = -ln 3 and slope = 2 ln 3.
        let outcomes: Vec<_> = (0..8).map(|i| outcome(f64::from(i / 4), if i < 4 { i == 0 } else { i != 4 })).collect();
        let weights = logistic(&outcomes, 0.0);
        assert!((weights[1] + 3f64.ln()).abs() < 1e-6 && (weights[0] - 2.0 * 3f64.ln()).abs() < 1e-6, "{weights:?}");
    }
}
