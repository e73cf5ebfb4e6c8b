//! QR codes as SVG.

use std::fmt::Write as _;

use fast_qr::{ECL, QRBuilder};
use latchkey_types::{Malformed, Secret};

/// The longest text, in bytes. More would be too fine for a telephone to read off a screen.
pub const LONGEST: usize = 512;
/// Light modules on each side, as ISO/IEC 18004 asks for.
const QUIET: usize = 4;

/// A text as an `<svg>` element: black on white whatever the colours of the page, with its quiet
/// zone, and without style, script or id, so that it can be put into a page with a strict content
/// policy. It holds the text, so it is as secret; the page names it and gives it a size.
pub fn qr_svg(text: &str) -> Result<Secret<String>, Malformed> {
    const LONG: Malformed = Malformed("a QR code holds 1 to 512 bytes");
    if text.is_empty() || text.len() > LONGEST {
        return Err(LONG);
    }
    // 15 % may be unreadable: a screen has no stains, and less redundancy means larger modules.
    let code = QRBuilder::new(text).ecl(ECL::M).build().map_err(|_| LONG)?;
    let size = code.size + 2 * QUIET;
    // With its full size from the start, or growing would leave copies behind in freed memory.
    let mut svg = String::with_capacity(256 + code.size * code.size * 8);
    let _ = write!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{size}v{size}H0z"/><path fill="#000" d=""##
    );
    for y in 0..code.size {
        let mut dark = (0..code.size).filter(|x| is_dark(&code, *x, y)).peekable();
        while let Some(start) = dark.next() {
            let mut run = 1;
            while dark.next_if_eq(&(start + run)).is_some() {
                run += 1;
            }
            let _ = write!(svg, "M{} {}h{run}v1h-{run}z", start + QUIET, y + QUIET);
        }
    }
    svg.push_str(r#""/></svg>"#);
    Ok(Secret::new(svg))
}

fn is_dark(code: &fast_qr::QRCode, x: usize, y: usize) -> bool {
    code.data
        .get(y * code.size + x)
        .is_some_and(|module| module.value())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The dark modules of a drawing, without the quiet zone, as rows of text.
    fn rows(svg: &str) -> Vec<String> {
        let path = svg.split("d=\"").nth(2).unwrap().split('"').next().unwrap();
        let size = side(svg) - 2 * QUIET;
        let mut rows = vec![vec!['.'; size]; size];
        for run in path.split('M').skip(1) {
            let (x, rest) = run.split_once(' ').unwrap();
            let (y, rest) = rest.split_once('h').unwrap();
            let (run, rest) = rest.split_once("v1h-").unwrap();
            assert_eq!(rest, format!("{run}z"));
            let number = |text: &str| text.parse::<usize>().unwrap();
            for x in number(x)..number(x) + number(run) {
                rows[number(y) - QUIET][x - QUIET] = '#';
            }
        }
        rows.iter().map(|row| row.iter().collect()).collect()
    }

    fn side(svg: &str) -> usize {
        let (_, rest) = svg.split_once("viewBox=\"0 0 ").unwrap();
        rest.split([' ', '"']).next().unwrap().parse().unwrap()
    }

    fn svg(text: &str) -> String {
        qr_svg(text).unwrap().expose().clone()
    }

    /// Made with another implementation (qrcode-terminal: version 1, level M, mask 2).
    const OTHER: [&str; 21] = [
        "#######..#..#.#######",
        "#.....#...#.#.#.....#",
        "#.###.#.#####.#.###.#",
        "#.###.#.##.#..#.###.#",
        "#.###.#.#..##.#.###.#",
        "#.....#.##..#.#.....#",
        "#######.#.#.#.#######",
        "........##.##........",
        "#.#####.....#.#####..",
        "...#....##..#.#.#.#.#",
        "#########..#.#...###.",
        "#####...###......##..",
        ".#.####.####.....#.##",
        "........#.#########.#",
        "#######...#.#.#...##.",
        "#.....#.#######.###..",
        "#.###.#.##..#..##...#",
        "#.###.#.#.#.#..##.#..",
        "#.###.#.##.#.#...#...",
        "#.....#..#.....#.##..",
        "#######.##.#.#.##..#.",
    ];

    #[test]
    fn a_code_is_drawn_as_another_implementation_draws_it() {
        assert_eq!(rows(&svg("latchkey")), OTHER);
    }

    #[test]
    fn the_drawing_has_nothing_that_a_content_policy_forbids() {
        let svg = svg("otpauth://totp/a:b?secret=<script>&style=\"x\"");
        assert!(
            svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox="),
            "{svg}"
        );
        assert!(svg.ends_with("</svg>"));
        for word in [
            "style",
            "script",
            "href",
            "id=",
            "class",
            "&",
            "currentColor",
        ] {
            assert!(!svg.contains(word), "{word}");
        }
        assert_eq!(svg.matches('<').count(), 4);
    }

    #[test]
    fn it_is_black_on_white_with_four_light_modules_around() {
        let svg = svg("latchkey");
        assert_eq!(side(&svg), 21 + 8);
        let white = svg.find("fill=\"#fff\" d=\"M0 0h29v29H0z\"").unwrap();
        assert!(white < svg.find("fill=\"#000\"").unwrap());
        // The finder patterns reach the corners of what is not quiet.
        let rows = rows(&svg);
        assert!(rows[0].starts_with("#######.") && rows[0].ends_with(".#######"));
        assert!(rows[20].starts_with("#######."));
    }

    #[test]
    fn a_text_has_1_to_512_bytes() {
        assert!(qr_svg("").is_err());
        assert!(qr_svg("x").is_ok());
        assert!(qr_svg(&"x".repeat(512)).is_ok());
        assert!(qr_svg(&"x".repeat(513)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_of_that_size_can_be_drawn(text in "[0-9]{1,90}|[A-Z0-9 $%*+./:-]{1,90}|.{1,90}") {
            proptest::prop_assert!(qr_svg(&text).is_ok());
        }
    }
}
