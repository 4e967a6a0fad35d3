//! The page in a real browser, headless: that it is laid out as meant, in light and dark, wide and narrow, and that the browser has
//! nothing to complain about. `tests/status-page` runs these where there is a Chromium.

use super::daemon::Daemon;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

/// `--page` and `--bar` of the stylesheet, in light and dark.
const LIGHT: [[u8; 3]; 2] = [[0xf5, 0xf6, 0xf8], [0x14, 0x25, 0x3d]];
const DARK: [[u8; 3]; 2] = [[0x10, 0x15, 0x1d], [0x0a, 0x0f, 0x17]];

struct Browser {
    program: PathBuf,
    profile: tempfile::TempDir,
}

/// What was on the screen.
struct Screen {
    width: usize,
    pixels: Vec<u8>,
    channels: usize,
}

impl Browser {
    fn new() -> Self {
        let program = std::env::var_os("ZONEWRIGHT_TEST_CHROMIUM");
        let program =
            program.expect("ZONEWRIGHT_TEST_CHROMIUM names no browser; run tests/status-page").into();
        Self { program, profile: tempfile::tempdir().unwrap() }
    }

    fn run(&self, arguments: &[String]) -> (String, String) {
        let output = Command::new(&self.program)
            .args([
                "--headless=new",
                "--disable-gpu",
                "--hide-scrollbars",
                "--no-first-run",
                "--enable-logging=stderr",
            ])
            // Test machines are often containers, in which the sandbox of a browser cannot be set up; it sees only our own page.
            .arg("--no-sandbox")
            .arg(format!("--user-data-dir={}", self.profile.path().display()))
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (text(output.stdout), text(output.stderr))
    }

    /// A screenshot, kept as `name`.png where ZONEWRIGHT_SCREENSHOTS says.
    fn shoot(&self, daemon: &Daemon, path: &str, size: (usize, usize), dark: bool, name: &str) -> Screen {
        let folder = std::env::var_os("ZONEWRIGHT_SCREENSHOTS").map(PathBuf::from);
        let file = folder.unwrap_or_else(|| self.profile.path().to_owned()).join(format!("{name}.png"));
        let mut arguments = vec![
            format!("--window-size={},{}", size.0, size.1),
            format!("--screenshot={}", file.display()),
            format!("http://127.0.0.1:{}{path}", daemon.port),
        ];
        if dark {
            arguments.insert(0, "--blink-settings=preferredColorScheme=0".to_owned());
        }
        let (_, log) = self.run(&arguments);
        assert!(!log.contains(":CONSOLE"), "the browser complains: {log}");
        Screen::read(&file)
    }
}

impl Screen {
    /// Decodes a PNG as browsers write them: eight bits a channel, not interlaced (PNG specification, sections 9 and 10).
    fn read(file: &Path) -> Self {
        let bytes = std::fs::read(file).unwrap();
        let mut rest = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n").unwrap();
        let (mut width, mut channels, mut packed) = (0, 0, Vec::new());
        while let Some((head, tail)) = rest.split_at_checked(8) {
            let length = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
            match &head[4..] {
                b"IHDR" => {
                    width = u32::from_be_bytes(tail[..4].try_into().unwrap()) as usize;
                    channels = if tail[9] == 6 { 4 } else { 3 };
                    assert_eq!((tail[8], tail[12]), (8, 0));
                }
                b"IDAT" => packed.extend_from_slice(&tail[..length]),
                _ => {}
            }
            rest = &tail[length + 4..];
        }
        let mut raw = Vec::new();
        flate2::read::ZlibDecoder::new(&*packed).read_to_end(&mut raw).unwrap();
        Self { width, channels, pixels: unfilter(&raw, width * channels, channels) }
    }

    fn height(&self) -> usize {
        self.pixels.len() / (self.width * self.channels)
    }

    fn at(&self, x: usize, y: usize) -> [u8; 3] {
        let start = (y * self.width + x) * self.channels;
        self.pixels[start..start + 3].try_into().unwrap()
    }
}

fn unfilter(raw: &[u8], stride: usize, channels: usize) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(raw.len());
    for line in raw.chunks_exact(stride + 1) {
        let start = out.len();
        for (x, byte) in line[1..].iter().enumerate() {
            let left = if x >= channels { out[start + x - channels] } else { 0 };
            let up = if start > 0 { out[start + x - stride] } else { 0 };
            let corner = if start > 0 && x >= channels { out[start + x - stride - channels] } else { 0 };
            let predicted = match line[0] {
                0 => 0,
                1 => left,
                2 => up,
                3 => ((u16::from(left) + u16::from(up)) / 2) as u8,
                _ => paeth(left, up, corner),
            };
            out.push(byte.wrapping_add(predicted));
        }
    }
    out
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(corner);
    [left, up, corner].into_iter().min_by_key(|value| (guess - i16::from(*value)).abs()).unwrap()
}

#[test]
#[ignore = "needs Chromium: tests/status-page"]
fn light_and_dark_wide_and_narrow() {
    let (browser, daemon) = (Browser::new(), Daemon::start(40));
    for (dark, [page, bar]) in [(false, LIGHT), (true, DARK)] {
        // 500 pixels are the narrowest window that Chromium makes.
        for (width, kind) in [(1300, "wide"), (500, "narrow")] {
            let shade = if dark { "dark" } else { "light" };
            let screen = browser.shoot(&daemon, "/", (width, 1200), dark, &format!("{kind}-{shade}"));
            assert_eq!((screen.width, screen.height()), (width, 1200));
            // The stylesheet applies, and the page is as wide as the window: bar to the right, margin beside the cards.
            assert_eq!(screen.at(width - 2, 3), bar, "{kind} {shade}");
            for y in [400, 800, 1190] {
                assert_eq!((screen.at(2, y), screen.at(width - 2, y)), (page, page), "{kind} {shade} at {y}");
            }
        }
    }
    browser.shoot(&daemon, "/name/waiting.example.org", (1000, 1100), false, "name");
    daemon.write_objects(5, &["web"]);
    super::until(|| daemon.get("/api/withheld").1.contains("n0030"));
    let red = browser.shoot(&daemon, "/", (1300, 1200), false, "withheld");
    let is_red = |[r, g, b]: [u8; 3]| (r, g, b) == (0x9b, 0x1c, 0x1c);
    assert!((40..400).any(|y| is_red(red.at(30, y)) || is_red(red.at(20, y))), "a withheld plan is not loud");
}

#[test]
#[ignore = "needs Chromium: tests/status-page"]
fn the_search_form_and_the_links_work_in_a_browser() {
    let (browser, daemon) = (Browser::new(), Daemon::start(250));
    let dump = |path: &str| {
        let address = format!("http://127.0.0.1:{}{path}", daemon.port);
        browser.run(&["--dump-dom".to_owned(), address]).0
    };
    let page = dump("/?q=n00&state=in-sync&zone=");
    assert!(page.contains("100 rows, page 1 of 1"), "{page}");
    // Every link leads somewhere, as the browser reads it.
    let second = dump("/?page=2");
    assert!(second.contains("250 rows, page 2 of 3"), "{second}");
    for link in second.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let path = link.trim_start_matches('.').split('#').next().unwrap().replace("&amp;", "&");
        assert_eq!(daemon.get(&path).0, 200, "{link}");
    }
}
