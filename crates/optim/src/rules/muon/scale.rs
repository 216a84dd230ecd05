//! How the learning rate of [`Muon`](super::Muon) depends on a matrix's shape.

use crate::Options;

/// How [`Muon`](crate::Muon)'s learning rate depends on a matrix's shape, rows × columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Options)]
pub enum MuonScale {
    /// `√max(1, rows/columns)`.
    #[default]
    Original,
    /// `0.2·√max(rows, columns)`: steps as large as AdamW's, so that its learning rate and weight decay can be reused.
    MatchRmsAdamw,
    /// `√(rows/columns)`.
    SpectralUnclamped,
}

impl MuonScale {
    pub(super) fn factor(self, rows: f64, columns: f64) -> f64 {
        match self {
            MuonScale::Original => (rows / columns).max(1.0).sqrt(),
            MuonScale::MatchRmsAdamw => 0.2 * rows.max(columns).sqrt(),
            MuonScale::SpectralUnclamped => (rows / columns).sqrt(),
        }
    }
}
