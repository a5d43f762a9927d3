//! How a picture of a terminal looks: in a frame that fits its text, dark or light as the reader's
//! screen is.

use anstyle::{Color, RgbColor};
use anstyle_svg::{Palette, Term};

/// Colours of a terminal: paper, ink, and what its eight colours are.
struct Look {
    paper: u32,
    ink: u32,
    colours: [u32; 8],
}

const DARK: Look = Look {
    paper: 0x16_1b22,
    ink: 0xd0_d7de,
    colours: [
        0x8b_949e, 0xff_7b72, 0x56_d364, 0xe3_b341, 0x79_c0ff, 0xd2_a8ff, 0x56_d4dd, 0xff_ffff,
    ],
};

const LIGHT: Look = Look {
    paper: 0xf6_f8fa,
    ink: 0x1f_2328,
    colours: [
        0x57_606a, 0xcf_222e, 0x11_6329, 0x7d_4e00, 0x09_69da, 0x82_50df, 0x1b_7c83, 0x6e_7781,
    ],
};

/// Text with escape sequences for colours, as an image in SVG.
pub(crate) fn render(text: &str) -> String {
    let light = LIGHT.svg(text);
    let colours: Vec<&str> = light.lines().filter(|line| is_colour(line)).collect();
    let end = "  </style>";
    let both = format!(
        "    @media (prefers-color-scheme: light) {{\n{}\n    }}\n{end}",
        colours.join("\n")
    );
    let svg = DARK.svg(text).replacen(end, &both, 1);
    // What is faint is to be read all the same.
    let svg = svg.replacen(".dimmed { opacity: 0.4; }", ".dimmed { opacity: 0.7; }", 1);
    // A line ends nowhere in white space.
    let lines: Vec<&str> = svg.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

/// Whether a line of the style says which colour something has.
fn is_colour(line: &str) -> bool {
    line.starts_with("    .") && line.contains("fill:")
}

impl Look {
    fn svg(&self, text: &str) -> String {
        let bright = self.colours.map(rgb);
        let mut all = [rgb(0); 16];
        all[..8].copy_from_slice(&bright);
        all[8..].copy_from_slice(&bright);
        Term::new()
            .palette(Palette(all))
            .bg_color(Color::Rgb(rgb(self.paper)))
            .fg_color(Color::Rgb(rgb(self.ink)))
            .render_svg(text)
    }
}

fn rgb(colour: u32) -> RgbColor {
    let [_, red, green, blue] = colour.to_be_bytes();
    RgbColor(red, green, blue)
}
