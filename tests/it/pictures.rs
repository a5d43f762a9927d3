//! The pictures of the README show what the program shows.

#[path = "../../examples/picture/render.rs"]
mod picture;

use std::{env, fs, path::Path};

use crate::terminal::stdout_at_a_terminal_of;

/// `INSTA_UPDATE=always` makes it again, as it does with text that is kept.
#[tokio::test(flavor = "multi_thread")]
async fn the_picture_of_the_plan_is_what_a_terminal_of_a_hundred_columns_shows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let arguments = ["plan", "--sandbox", "manifests", "--no-pager", "--color", "always"];
    let plan = stdout_at_a_terminal_of(root, &arguments, 100).await;
    assert!(plan.contains("would lose calling") && plan.contains('\u{1b}'), "{plan}");
    let shown = picture::render(&plan);
    let path = root.join("src/guide/plan.svg");
    if env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
        fs::write(&path, &shown).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap() == shown, "{} is old", path.display());
}
