//! The examples of CONTRIBUTING.md are the files in `docs/skeletons`, which their crates compile and test as modules of their own.

use std::fs;
use std::path::Path;

#[test]
fn the_examples_are_what_is_compiled() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let mut files = 0;
    for entry in fs::read_dir(root.join("docs/skeletons")).unwrap() {
        let path = entry.unwrap().path();
        let code = fs::read_to_string(&path).unwrap();
        assert!(
            page.contains(&format!("```rust,ignore\n{code}```\n")),
            "CONTRIBUTING.md does not show {path:?} as it is"
        );
        files += 1;
    }
    assert_eq!(page.matches("```rust").count(), files, "an example that no crate compiles");
}
