//! The index page: all figures with their captions.

use crate::exhibit::Entry;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:1280px;margin:0 auto;padding:1rem;color:#222;background:#fafafa}\
figure{display:inline-block;vertical-align:top;width:min(600px,100%);margin:0 1rem 2rem 0}\
img{width:100%;background:#fff;border:1px solid #ddd}figcaption{font-size:.9rem}\
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}}";

/// A page of its own: no script, nothing from elsewhere than the folder.
pub(crate) fn page(groups: &[(&str, Vec<Entry>)]) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Gallery of downhill</title><style>{STYLE}</style>\n<h1>Gallery of downhill</h1>\n"
    );
    for (i, (title, entries)) in groups.iter().enumerate() {
        page += &format!("<h2>{}. {}</h2>\n", i + 1, escaped(title));
        for Entry { name, caption, .. } in entries {
            let caption = escaped(caption);
            page += &format!(
                "<figure id=\"{name}\"><a href=\"{name}.svg\"><img src=\"{name}.svg\" alt=\"{caption}\"></a>\
                 <figcaption>{caption}</figcaption></figure>\n"
            );
        }
    }
    page + "</html>\n"
}

/// The figures under `docs/gallery`, for those who read the repository.
pub(crate) fn markdown(groups: &[(&str, Vec<Entry>)]) -> String {
    let mut page = "# A selection of the gallery\n\nAll figures, and this page: `cargo run --release -p downhill-gallery -- --docs`\n"
        .to_string();
    for (title, entries) in groups {
        let chosen: Vec<&Entry> = entries.iter().filter(|entry| entry.in_docs).collect();
        if !chosen.is_empty() {
            page += &format!("\n## {title}\n");
        }
        for Entry { name, caption, .. } in chosen {
            page += &format!("\n![{name}]({name}.svg)\n\n{caption}\n");
        }
    }
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[test]
fn every_figure_is_on_the_page_once() {
    let groups = crate::groups();
    let page = page(&groups);
    let names: Vec<&str> = groups.iter().flat_map(|(_, entries)| entries).map(|entry| entry.name).collect();
    for name in &names {
        assert_eq!(page.matches(&format!("id=\"{name}\"")).count(), 1, "{name}");
    }
    assert!(names.len() > 20 && !page.contains("http"), "{} figures", names.len());
}

#[test]
fn the_selection_is_in_the_repository_and_small() {
    let groups = crate::groups();
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/gallery");
    assert_eq!(std::fs::read_to_string(directory.join("README.md")).unwrap(), markdown(&groups), "run with --docs");
    let chosen = groups.iter().flat_map(|(_, entries)| entries).filter(|entry| entry.in_docs);
    for entry in chosen {
        let bytes = std::fs::read(directory.join(entry.name).with_extension("svg")).unwrap().len();
        assert!((1000..=40_000).contains(&bytes), "{} has {bytes} bytes", entry.name);
    }
}
