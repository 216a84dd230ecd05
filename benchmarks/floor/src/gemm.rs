//! The matrix products, for the shapes of a multi-layer perceptron.
//!
//! `C = A·B`, where a tile of at most 14 x 32 numbers of `C` stays in registers over the whole of `k`: two vectors of `B`
//! are loaded for each `k`, and each of 14 numbers of `A` is multiplied with both, 16 loads for 28 FMAs. Nothing is packed:
//! - every *activation* (and its gradient) has rows of [`LD`] numbers, an odd number of cache lines, so that rows do not
//!   compete for the same sets of the cache and the addresses in a tile are constants;
//! - every *weight* is kept in panels of 32 columns, `[panel][in][32]` (see `network.rs`): the order in which the
//!   forward product reads it, in which the product for its gradient writes, and to which the optimiser is indifferent.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// Numbers in a row of an activation.
pub(crate) const LD: usize = 784;
/// Columns in a panel.
pub(crate) const PANEL: usize = 32;
const MAX_ROWS: usize = 14;

/// What is done to a tile before it is stored.
#[derive(Clone, Copy)]
pub(crate) enum Epilogue {
    None,
    /// Adds the bias of the column.
    Bias(*const f32),
    BiasRelu(*const f32),
    /// The gradient of ReLU: zero where this activation (rows of [`LD`]) is not positive.
    Mask(*const f32),
}

/// A matrix in panels of columns.
#[derive(Clone, Copy)]
pub(crate) struct Panels {
    pub(crate) start: *mut f32,
    /// From a panel to the next.
    pub(crate) panel: usize,
    /// From a row to the next.
    pub(crate) row: usize,
}

impl Panels {
    /// An activation.
    pub(crate) fn rows(start: *mut f32) -> Self {
        Panels { start, panel: PANEL, row: LD }
    }

    /// A weight of `rows` rows in panels of `width` columns.
    pub(crate) fn packed(start: *mut f32, rows: usize, width: usize) -> Self {
        Panels { start, panel: rows * width, row: width }
    }
}

/// `C[0..m, columns] = epilogue(A·B)`, with `A[i, l]` at `a[i·LD + l]`, or at `a[l·LD + i]` if `TRANSPOSED`. The columns
/// are multiples of 16.
///
/// # Safety
/// The matrices must be as large as that, and nobody else may touch the columns of `c` meanwhile.
pub(crate) unsafe fn gemm<const TRANSPOSED: bool>(
    (m, columns, k): (usize, std::ops::Range<usize>, usize),
    a: *const f32,
    b: Panels,
    c: Panels,
    epilogue: Epilogue,
) {
    // So many rows of `a` at a time stay in the second cache while the panels of `b` go by.
    const BLOCK: usize = 200;
    if m > BLOCK && !TRANSPOSED {
        for row in (0..m).step_by(BLOCK) {
            let rows = BLOCK.min(m - row);
            // SAFETY: inside the matrices of the caller.
            unsafe {
                let c = Panels { start: c.start.add(row * c.row), ..c };
                gemm::<false>((rows, columns.clone(), k), a.add(row * LD), b, c, epilogue.at(row, 0));
            }
        }
        return;
    }
    let tiles = m.div_ceil(MAX_ROWS);
    let mut column = columns.start;
    while column < columns.end {
        let width = PANEL.min(columns.end - column);
        for tile in 0..tiles {
            // Tiles as equal as possible: a thin last one would wait for its own sums.
            let (row, end) = (m * tile / tiles, m * (tile + 1) / tiles);
            // SAFETY: inside the matrices of the caller.
            unsafe {
                let a = a.add(if TRANSPOSED { row } else { row * LD });
                let b_panel = b.start.add(column / PANEL * b.panel);
                let c_tile = c.start.add(column / PANEL * c.panel + row * c.row);
                let epilogue = epilogue.at(row, column);
                one_tile::<TRANSPOSED>(end - row, width, k, a, b_panel, b.row, c_tile, c.row, epilogue);
            }
        }
        column += width;
    }
}

impl Epilogue {
    unsafe fn at(self, row: usize, column: usize) -> Self {
        // SAFETY: inside the matrices of the caller.
        unsafe {
            match self {
                Epilogue::None => Epilogue::None,
                Epilogue::Bias(bias) => Epilogue::Bias(bias.add(column)),
                Epilogue::BiasRelu(bias) => Epilogue::BiasRelu(bias.add(column)),
                Epilogue::Mask(activation) => Epilogue::Mask(activation.add(row * LD + column)),
            }
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "a matrix product has them")]
#[inline]
unsafe fn one_tile<const TRANSPOSED: bool>(
    rows: usize,
    width: usize,
    k: usize,
    a: *const f32,
    b: *const f32,
    ldb: usize,
    c: *mut f32,
    ldc: usize,
    epilogue: Epilogue,
) {
    #[cfg(target_arch = "x86_64")]
    if avx512() {
        // SAFETY: the machine has AVX-512; the rest is the caller's promise.
        unsafe {
            macro_rules! tile {
                ($($rows:literal)*) => {
                    match (rows, width) {
                        (1, PANEL) if !TRANSPOSED => row::<2>(k, a, b, ldb, c, epilogue),
                        (1, _) if !TRANSPOSED => row::<1>(k, a, b, ldb, c, epilogue),
                        $(($rows, PANEL) => tile::<$rows, 2, TRANSPOSED>(k, a, b, ldb, c, ldc, epilogue),
                          ($rows, _) => tile::<$rows, 1, TRANSPOSED>(k, a, b, ldb, c, ldc, epilogue),)*
                        _ => unreachable!("at most {MAX_ROWS} rows"),
                    }
                };
            }
            tile!(1 2 3 4 5 6 7 8 9 10 11 12 13 14)
        }
        return;
    }
    // SAFETY: the caller's promise.
    unsafe {
        let (row, column) = if TRANSPOSED { (1, LD as isize) } else { (LD as isize, 1) };
        let (ldb, ldc_) = (ldb as isize, ldc as isize);
        matrixmultiply::sgemm(rows, k, width, 1.0, a, row, column, b, ldb, 1, 0.0, c, ldc_, 1);
        for i in 0..rows {
            for j in 0..width {
                let c = c.add(i * ldc + j);
                match epilogue {
                    Epilogue::None => {}
                    Epilogue::Bias(bias) => *c += *bias.add(j),
                    Epilogue::BiasRelu(bias) => *c = (*c + *bias.add(j)).max(0.0),
                    Epilogue::Mask(h) => *c = if *h.add(i * LD + j) > 0.0 { *c } else { 0.0 },
                }
            }
        }
    }
}

/// Whether the machine has the instructions that this program is written for.
#[inline]
pub(crate) fn avx512() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,fma")]
unsafe fn tile<const ROWS: usize, const VECTORS: usize, const TRANSPOSED: bool>(
    k: usize,
    mut a: *const f32,
    mut b: *const f32,
    ldb: usize,
    c: *mut f32,
    ldc: usize,
    epilogue: Epilogue,
) {
    let mut sums = [[_mm512_setzero_ps(); VECTORS]; ROWS];
    // SAFETY: the caller's promise.
    unsafe {
        for _ in 0..k {
            let mut right = [_mm512_setzero_ps(); VECTORS];
            for v in 0..VECTORS {
                right[v] = _mm512_loadu_ps(b.add(16 * v));
            }
            for i in 0..ROWS {
                let left = _mm512_set1_ps(*a.add(if TRANSPOSED { i } else { i * LD }));
                for v in 0..VECTORS {
                    sums[i][v] = _mm512_fmadd_ps(left, right[v], sums[i][v]);
                }
            }
            a = a.add(if TRANSPOSED { LD } else { 1 });
            b = b.add(ldb);
        }
        let zero = _mm512_setzero_ps();
        match epilogue {
            Epilogue::None => {}
            Epilogue::Bias(bias) => {
                for v in 0..VECTORS {
                    let bias = _mm512_loadu_ps(bias.add(16 * v));
                    for i in 0..ROWS {
                        sums[i][v] = _mm512_add_ps(sums[i][v], bias);
                    }
                }
            }
            Epilogue::BiasRelu(bias) => {
                for v in 0..VECTORS {
                    let bias = _mm512_loadu_ps(bias.add(16 * v));
                    for i in 0..ROWS {
                        sums[i][v] = _mm512_max_ps(_mm512_add_ps(sums[i][v], bias), zero);
                    }
                }
            }
            Epilogue::Mask(activation) => {
                for i in 0..ROWS {
                    for v in 0..VECTORS {
                        let positive =
                            _mm512_cmp_ps_mask::<_CMP_GT_OQ>(_mm512_loadu_ps(activation.add(i * LD + 16 * v)), zero);
                        sums[i][v] = _mm512_maskz_mov_ps(positive, sums[i][v]);
                    }
                }
            }
        }
        for i in 0..ROWS {
            for v in 0..VECTORS {
                _mm512_storeu_ps(c.add(i * ldc + 16 * v), sums[i][v]);
            }
        }
    }
}

/// One row and one panel: bound by the reading of `b`, with sums enough that no addition waits for another.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,fma")]
unsafe fn row<const VECTORS: usize>(
    k: usize,
    a: *const f32,
    b: *const f32,
    ldb: usize,
    c: *mut f32,
    epilogue: Epilogue,
) {
    const SUMS: usize = 8;
    let mut sums = [[_mm512_setzero_ps(); VECTORS]; SUMS];
    let zero = _mm512_setzero_ps();
    // SAFETY: the caller's promise.
    unsafe {
        for l in (0..k / SUMS * SUMS).step_by(SUMS) {
            for s in 0..SUMS {
                let left = _mm512_set1_ps(*a.add(l + s));
                for v in 0..VECTORS {
                    let right = _mm512_loadu_ps(b.add((l + s) * ldb + 16 * v));
                    sums[s][v] = _mm512_fmadd_ps(left, right, sums[s][v]);
                }
            }
        }
        for l in k / SUMS * SUMS..k {
            let left = _mm512_set1_ps(*a.add(l));
            for v in 0..VECTORS {
                sums[0][v] = _mm512_fmadd_ps(left, _mm512_loadu_ps(b.add(l * ldb + 16 * v)), sums[0][v]);
            }
        }
        for v in 0..VECTORS {
            let mut sum = zero;
            for s in 0..SUMS {
                sum = _mm512_add_ps(sum, sums[s][v]);
            }
            sum = match epilogue {
                Epilogue::None => sum,
                Epilogue::Bias(bias) => _mm512_add_ps(sum, _mm512_loadu_ps(bias.add(16 * v))),
                Epilogue::BiasRelu(bias) => _mm512_max_ps(_mm512_add_ps(sum, _mm512_loadu_ps(bias.add(16 * v))), zero),
                Epilogue::Mask(h) => {
                    let positive = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(_mm512_loadu_ps(h.add(16 * v)), zero);
                    _mm512_maskz_mov_ps(positive, sum)
                }
            };
            _mm512_storeu_ps(c.add(16 * v), sum);
        }
    }
}
