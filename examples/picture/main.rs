//! Makes a picture of what a command shows, for pages that people read. Text comes in on stdin, an
//! image in SVG goes out:
//!
//! ```console
//! $ CLICOLOR_FORCE=1 dialplane plan --sandbox | cargo run --quiet --example picture > plan.svg
//! ```

mod render;

use std::io::{self, Read as _, Write as _};

fn main() -> io::Result<()> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    io::stdout().write_all(render::render(&text).as_bytes())
}
