//! The table of a model's parameters.

use std::collections::BTreeMap;
use std::fmt;

use super::{Params, Path};
use crate::{Float, Tensor};

/// The result of [`Params::summary`](super::Params::summary): a row for each tensor, and totals. `Display` prints the
/// table.
///
/// ```
/// use downhill_tensor::{Params, Tensor};
/// let model = (Tensor::param([[1.0_f32, 2.0]]), Tensor::from([0.5_f32]));
/// assert_eq!(model.summary().to_string(), "\
/// path   shape   elements
/// 0      [1, 2]         2
/// 1      [1]            1  buffer
/// total                 2  2 trainable, 1 in buffers
/// ");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// One row for each tensor, in the order of the walk.
    pub rows: Vec<Row>,
}

/// A row of a [`Summary`].
#[derive(Clone, Debug)]
pub struct Row {
    /// The tensor's path.
    pub path: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Whether training changes it.
    pub trainable: bool,
    /// Whether it is a frozen parameter.
    pub frozen: bool,
    /// Whether it is a buffer.
    pub buffer: bool,
    /// The path of an earlier occurrence of the same tensor.
    pub tied_to: Option<String>,
}

impl Row {
    /// The number of elements of the tensor.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    fn remark(&self) -> String {
        match &self.tied_to {
            Some(path) => format!("tied to {path}"),
            None if self.trainable => String::new(),
            None if self.frozen => "frozen".to_owned(),
            None if self.buffer => "buffer".to_owned(),
            None => "computed".to_owned(),
        }
    }
}

impl Summary {
    pub(super) fn of<F: Float, M: Params<F> + ?Sized>(model: &M) -> Self {
        let (mut rows, mut firsts) = (Vec::new(), BTreeMap::<usize, String>::new());
        model.visit(&Path::ROOT, &mut |path, tensor: &Tensor<F>| {
            let path = path.to_string();
            let tied_to = firsts.get(&tensor.address()).cloned();
            if tied_to.is_none() {
                firsts.insert(tensor.address(), path.clone());
            }
            let (trainable, frozen, buffer) = (tensor.is_param(), tensor.is_frozen(), tensor.is_buffer());
            rows.push(Row { path, shape: tensor.shape().to_vec(), trainable, frozen, buffer, tied_to });
        });
        Summary { rows }
    }

    /// The number of elements of all parameters, frozen ones included, tied ones counted once.
    pub fn elements(&self) -> usize {
        self.count(|row| !row.buffer)
    }

    /// The number of elements that training changes.
    pub fn trainable(&self) -> usize {
        self.count(|row| row.trainable)
    }

    /// The number of elements of all buffers.
    pub fn in_buffers(&self) -> usize {
        self.count(|row| row.buffer)
    }

    fn count(&self, what: impl Fn(&Row) -> bool) -> usize {
        self.rows.iter().filter(|row| row.tied_to.is_none() && what(row)).map(Row::elements).sum()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = vec![["path".to_owned(), "shape".to_owned(), "elements".to_owned(), String::new()]];
        for row in &self.rows {
            lines.push([row.path.clone(), format!("{:?}", row.shape), row.elements().to_string(), row.remark()]);
        }
        let mut remark = format!("{} trainable", self.trainable());
        if self.rows.iter().any(|row| row.buffer) {
            remark += &format!(", {} in buffers", self.in_buffers());
        }
        lines.push(["total".to_owned(), String::new(), self.elements().to_string(), remark]);
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let (path_width, shape_width, count_width) = (width(0), width(1), width(2));
        for [path, shape, elements, remark] in &lines {
            let line = format!("{path:path_width$}  {shape:shape_width$}  {elements:>count_width$}  {remark}");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
