//! The patches of images under a sliding kernel, as columns (im2col), and their sum back into images (col2im); each is the
//! derivative of the other.

use crate::kernels::conv::{self, Axis};
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled, shape};

/// The options of [`Tensor::unfold`] and [`Tensor::fold`], each along height and width, with PyTorch's names and defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfold {
    /// The distance between neighboring elements of a patch.
    pub dilation: [usize; 2],
    /// The number of zeros before and after the image.
    pub padding: [usize; 2],
    /// The distance between neighboring patches.
    pub stride: [usize; 2],
}

impl Default for Unfold {
    /// Dense patches at every position of the image.
    fn default() -> Self {
        Unfold { dilation: [1, 1], padding: [0, 0], stride: [1, 1] }
    }
}

impl Unfold {
    /// Where the patches of an image lie, or why they do not fit.
    fn axes(&self, image: [usize; 2], kernel: [usize; 2]) -> Result<[Axis; 2], String> {
        let axis = |i: usize| {
            let padding = [self.padding[i]; 2];
            Axis::sliding(image[i], kernel[i], self.stride[i], self.dilation[i], padding)
                .map_err(|reason| format!("{}: {reason}", ["height", "width"][i]))
        };
        Ok([axis(0)?, axis(1)?])
    }
}

/// How patches lie in images: what [`UnfoldPatches`] and [`FoldPatches`] share.
#[derive(Clone, Copy)]
struct Patches {
    channels: usize,
    axes: [Axis; 2],
}

impl Patches {
    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let both = |value: fn(Axis) -> usize| Attribute::from(self.axes.map(value).as_slice());
        vec![
            ("kernel", both(|axis| axis.kernel)),
            ("dilation", both(|axis| axis.dilation)),
            ("padding", both(|axis| axis.padding)),
            ("stride", both(|axis| axis.stride)),
            ("image", both(|axis| axis.image)),
        ]
    }

    /// `[N, C, H, W]`.
    fn images(&self, images: usize) -> [usize; 4] {
        [images, self.channels, self.axes[0].image, self.axes[1].image]
    }

    /// `[N, C·kh·kw, L]`, or the reason why it is too large.
    fn columns<F>(&self, images: usize) -> Result<[usize; 3], String> {
        let [rows, columns] = self.axes;
        // No product of these overflows if the one of all does not.
        shape::check::<F>(&[images, self.channels, rows.kernel, columns.kernel, rows.output, columns.output])?;
        Ok([images, self.channels * rows.kernel * columns.kernel, rows.output * columns.output])
    }
}

struct UnfoldPatches(Patches);

impl<F: Float> Op<F, 1> for UnfoldPatches {
    fn name(&self) -> &'static str {
        "unfold"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("the patches of x, as columns", &[("x", "dy, added up where each patch came from")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        self.0.attributes()
    }

    fn check(&self, [x]: [&[usize]; 1]) -> Result<(), String> {
        self.0.columns::<F>(x[0]).map(drop)
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        conv::unfold(x, self.0.axes, &self.0.columns::<F>(x.shape()[0]).expect("checked"))
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        apply(FoldPatches(self.0), [dy])
    }
}

struct FoldPatches(Patches);

impl<F: Float> Op<F, 1> for FoldPatches {
    fn name(&self) -> &'static str {
        "fold"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("the columns of x, added up as patches", &[("x", "the patches of dy, as columns")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        self.0.attributes()
    }

    fn check(&self, [x]: [&[usize]; 1]) -> Result<(), String> {
        shape::check::<F>(&self.0.images(x[0])).map(drop)
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        conv::fold(x, self.0.axes, &self.0.images(x.shape()[0]))
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        apply(UnfoldPatches(self.0), [dy])
    }
}

impl<F: Float> Tensor<F> {
    /// The patches of images `[N, C, H, W]` under a kernel that slides over them, as columns `[N, C·kh·kw, L]`: column `l`
    /// is patch number `l`, row by row of the image, and holds the patch of every channel, row by row. Where a patch lies
    /// on padding it is 0. Images `[C, H, W]` without a batch give `[C·kh·kw, L]`.
    ///
    /// A convolution is the product of its weight `[O, C·kh·kw]` and these columns (but [`conv2d`](Self::conv2d) does not
    /// unfold).
    ///
    /// ```
    /// use downhill_tensor::{Tensor, Unfold};
    /// let image = Tensor::from([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]);
    /// let patches = image.unfold([2, 2], Unfold::default());
    /// assert_eq!(patches, Tensor::from([[1.0, 2.0], [2.0, 3.0], [4.0, 5.0], [5.0, 6.0]]));
    /// let rows = image.unfold([1, 3], Unfold { padding: [1, 0], stride: [2, 1], ..Unfold::default() });
    /// assert_eq!(rows.t(), Tensor::from([[0.0, 0.0, 0.0], [4.0, 5.0, 6.0]]));
    /// ```
    ///
    /// # Panics
    /// If the tensor has another number of axes, the kernel does not fit into the padded image, or a size of the kernel, a
    /// stride or a dilation is 0.
    #[doc(alias("im2col", "patches"))]
    #[track_caller]
    pub fn unfold(&self, kernel: [usize; 2], options: Unfold) -> Tensor<F> {
        let &[.., channels, height, width] = self.shape() else { self.no_images() };
        let images = match self.ndim() {
            3 => self.unsqueeze(0),
            4 => self.clone(),
            _ => self.no_images(),
        };
        match options.axes([height, width], kernel) {
            Ok(axes) => {
                let columns = apply(UnfoldPatches(Patches { channels, axes }), [&images]);
                if self.ndim() == 3 { columns.squeeze_axis(0) } else { columns }
            }
            Err(reason) => panic!("unfold of {:?} with the kernel {kernel:?}: {reason}", self.shape()),
        }
    }

    #[cold]
    #[track_caller]
    fn no_images(&self) -> ! {
        panic!("unfold of {:?}: the input must be [N, C, H, W] or [C, H, W]", self.shape())
    }

    /// The transpose of [`unfold`](Self::unfold): adds the patches `[N, C·kh·kw, L]` where they lie in images
    /// `[N, C, H, W]`, whose height and width are `output_size`. Where patches overlap, they add up; elements on padding
    /// are dropped. Without a batch, `[C·kh·kw, L]` gives `[C, H, W]`.
    ///
    /// ```
    /// use downhill_tensor::{Tensor, Unfold};
    /// let image = Tensor::from([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]);
    /// let patches = image.unfold([2, 2], Unfold::default());
    /// // The middle column is in both patches.
    /// let sum = patches.fold([2, 3], [2, 2], Unfold::default());
    /// assert_eq!(sum, Tensor::from([[[1.0, 4.0, 3.0], [4.0, 10.0, 6.0]]]));
    /// ```
    ///
    /// # Panics
    /// If the tensor has another number of axes, or another number of patches or of elements in a patch than
    /// [`unfold`](Self::unfold) gives for such images.
    #[doc(alias = "col2im")]
    #[track_caller]
    pub fn fold(&self, output_size: [usize; 2], kernel: [usize; 2], options: Unfold) -> Tensor<F> {
        let what = || format!("fold of {:?} into {output_size:?} with the kernel {kernel:?}", self.shape());
        let (&[.., elements, count], 2 | 3) = (self.shape(), self.ndim()) else {
            panic!("{}: the input must be [N, C·kh·kw, L] or [C·kh·kw, L]", what())
        };
        let axes = match options.axes(output_size, kernel) {
            Ok(axes) => axes,
            Err(reason) => panic!("{}: {reason}", what()),
        };
        let patch = kernel[0].checked_mul(kernel[1]).filter(|&patch| elements.is_multiple_of(patch));
        let Some(patch) = patch else {
            panic!("{}: a patch has {elements} elements, which is not a multiple of kh·kw", what())
        };
        let expected = axes[0].output.checked_mul(axes[1].output);
        assert!(
            expected == Some(count),
            "{}: there are {count} patches, but such an image has {} × {}",
            what(),
            axes[0].output,
            axes[1].output
        );
        let patches = Patches { channels: elements / patch, axes };
        match self.ndim() {
            2 => apply(FoldPatches(patches), [&self.unsqueeze(0)]).squeeze_axis(0),
            _ => apply(FoldPatches(patches), [self]),
        }
    }
}

compiled!(Op<1> UnfoldPatches);
compiled!(Op<1> FoldPatches);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let wide = Unfold { dilation: [1, 2], padding: [1, 0], stride: [2, 1] };
        let unfold = |x: &Tensor<f64>| x.unfold([2, 2], wide).square();
        sweep::shapes("unfold", &[&[2, 1, 2, 4], &[1, 3, 3], &[0, 2, 1, 3], &[1, 0, 2, 3]], domain(), unfold);
        sweep::shapes("unfold", &[&[1, 2, 2, 2]], domain(), |x| x.unfold([1, 1], Unfold::default()));
        let fold = |x: &Tensor<f64>| x.fold([3, 4], [2, 2], wide).square();
        sweep::shapes("fold", &[&[2, 4, 4], &[8, 4], &[0, 4, 4], &[2, 0, 4]], domain(), fold);
    }

    /// Every patch where it belongs, zeros around it, and every element as often as it was taken.
    #[test]
    fn values_by_hand() {
        let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]).reshape(&[1, 1, 3, 3]);
        let strided = Unfold { padding: [1, 1], stride: [2, 2], ..Unfold::default() };
        let columns = x.unfold([2, 2], strided);
        let patches = [[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 2.0, 3.0], [0.0, 4.0, 0.0, 7.0], [5.0, 6.0, 8.0, 9.0]];
        assert_eq!(columns.squeeze_axis(0).t(), Tensor::from(patches));
        assert_eq!(columns.fold([3, 3], [2, 2], strided), x, "no overlap, and nothing left out");
        let corners = Unfold { dilation: [2, 2], ..Unfold::default() };
        assert_eq!(x.unfold([2, 2], corners).to_vec(), [1.0, 3.0, 7.0, 9.0]);
        let times = Tensor::<f64>::ones(&[1, 4, 4]).fold([3, 3], [2, 2], Unfold::default());
        assert_eq!(times.to_vec(), [1.0, 2.0, 1.0, 2.0, 4.0, 2.0, 1.0, 2.0, 1.0]);
        // Nothing but padding.
        let nothing = Unfold { padding: [1, 1], ..Unfold::default() };
        assert_eq!(Tensor::<f32>::zeros(&[1, 1, 0, 0]).unfold([2, 2], nothing), Tensor::zeros(&[1, 4, 1]));
    }

    #[test]
    #[should_panic(
        expected = "unfold of [1, 2, 2] with the kernel [3, 1]: height: the kernel extends over 3 positions"
    )]
    fn a_kernel_that_is_too_large() {
        Tensor::<f32>::zeros(&[1, 2, 2]).unfold([3, 1], Unfold::default());
    }
}
