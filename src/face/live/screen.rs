//! The screen of a live session: pages of tables, a line of counts above, keys below.
//!
//! Everything on it comes from traffic, so every text is escaped once more before it is drawn.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

use ratatui::Frame;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style, Stylize as _};
use ratatui::text::{Line, Text};
use ratatui::widgets::{Block, Clear, Paragraph, Row, Table};

use super::board::{Board, Traffic};
use super::plain::lost;
use super::sightings::Sightings;
use crate::face::grid::printable;
use crate::face::units;
use crate::limits;

const HELP: &[(&str, &str)] = &[
    ("q, Ctrl-C", "end the session: files and tables are completed"),
    ("Tab, 1 2 3", "pages: traffic, air, what was not understood"),
    ("s", "sort remotes by bytes now, in total, or by time"),
    ("Up Down PgUp PgDn Home", "scroll"),
    ("p", "hold the picture; capturing goes on"),
    ("?", "this help"),
];

/// What is shown and how.
#[derive(Default)]
pub(super) struct Screen {
    picture: Picture,
    page: Page,
    order: Order,
    scroll: usize,
    is_held: bool,
    is_helping: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Page {
    #[default]
    Traffic,
    Air,
    Anomalies,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    #[default]
    Now,
    Total,
    Latest,
}

/// A board as texts.
#[derive(Default)]
struct Picture {
    title: String,
    counts: String,
    losses: String,
    has_losses: bool,
    devices: Vec<Vec<String>>,
    remotes: Vec<Vec<String>>,
    networks: List,
    identities: List,
    anomalies: List,
}

#[derive(Default)]
struct List {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// A list whose rows end in the numbers of [`TRAFFIC`].
struct Listed<'a> {
    title: &'a str,
    headings: &'a [&'a str],
    rows: &'a [Vec<String>],
}

const TRAFFIC: [&str; 4] = ["out/s", "in/s", "out", "in"];

impl Screen {
    /// Takes a new picture, unless the old one is held.
    pub(super) fn update(&mut self, board: &Board) {
        if !self.is_held {
            self.picture = Picture::of(board, self.order);
        }
    }

    /// Waits for a key and does what it asks; true when the session should end.
    pub(super) fn key(&mut self, wait: Duration) -> anyhow::Result<bool> {
        if !event::poll(wait)? {
            return Ok(false);
        }
        match event::read()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => Ok(self.press(key)),
            _ => Ok(false),
        }
    }

    fn press(&mut self, key: KeyEvent) -> bool {
        let was_helping = std::mem::take(&mut self.is_helping);
        match key.code {
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return true,
            KeyCode::Char('q') => return true,
            KeyCode::Char('?' | 'h') => self.is_helping = !was_helping,
            KeyCode::Char('p') => self.is_held = !self.is_held,
            KeyCode::Char('s') => self.order = self.order.next(),
            KeyCode::Char('1') => self.turn(Page::Traffic),
            KeyCode::Char('2') => self.turn(Page::Air),
            KeyCode::Char('3') => self.turn(Page::Anomalies),
            KeyCode::Tab => self.turn(self.page.next()),
            KeyCode::Down => self.scroll = self.scroll.saturating_add(1),
            KeyCode::Up => self.scroll = self.scroll.saturating_sub(1),
            KeyCode::PageDown => self.scroll = self.scroll.saturating_add(10),
            KeyCode::PageUp => self.scroll = self.scroll.saturating_sub(10),
            KeyCode::Home => self.scroll = 0,
            _ => {}
        }
        false
    }

    const fn turn(&mut self, page: Page) {
        self.page = page;
        self.scroll = 0;
    }

    /// Draws the picture.
    pub(super) fn draw(&mut self, frame: &mut Frame<'_>) {
        let [head, body, foot] = Layout::vertical([Constraint::Length(3), Constraint::Min(0), Constraint::Length(1)]).areas(frame.area());
        self.scroll = self.scroll.min(self.rows().saturating_sub(1));
        let losses = Style::new().add_modifier(if self.picture.has_losses { Modifier::REVERSED } else { Modifier::empty() });
        let held = if self.is_held { "   HELD: p goes on" } else { "" };
        let title = Line::from(vec![self.picture.title.as_str().bold(), held.into()]);
        let lines = vec![title, Line::from(self.picture.counts.as_str()), Line::styled(self.picture.losses.as_str(), losses)];
        frame.render_widget(Paragraph::new(lines), head);
        match self.page {
            Page::Traffic => self.draw_traffic(frame, body),
            Page::Air => self.draw_air(frame, body),
            Page::Anomalies => list(frame, body, "Damage, limits, what was not understood", &self.picture.anomalies, self.scroll),
        }
        let keys = "q end   Tab page   s sort   p hold   ? help";
        frame.render_widget(Line::from(keys).dim(), foot);
        if self.is_helping {
            help(frame);
        }
    }

    const fn rows(&self) -> usize {
        match self.page {
            Page::Traffic => self.picture.remotes.len(),
            Page::Air => {
                let (networks, identities) = (self.picture.networks.rows.len(), self.picture.identities.rows.len());
                if networks > identities { networks } else { identities }
            }
            Page::Anomalies => self.picture.anomalies.rows.len(),
        }
    }

    fn draw_traffic(&self, frame: &mut Frame<'_>, area: Rect) {
        let devices = u16::try_from(self.picture.devices.len()).unwrap_or(u16::MAX).clamp(1, 6) + 2;
        let [above, below] = Layout::vertical([Constraint::Length(devices), Constraint::Min(0)]).areas(area);
        let widths = [Constraint::Fill(2), Constraint::Length(17)].into_iter().chain(numbers());
        let devices = Listed { title: "Devices", headings: &["address", "MAC"], rows: &self.picture.devices };
        table(frame, above, &devices, widths.collect());
        let widths = [Constraint::Fill(3), Constraint::Length(9), Constraint::Fill(1), Constraint::Fill(1), Constraint::Fill(1)];
        let title = format!("Destinations, by {}", self.order.as_str());
        let shown = self.picture.remotes.get(self.scroll..).unwrap_or_default();
        let headings = ["name or address", "country", "category", "owner", "device"];
        let remotes = Listed { title: &title, headings: &headings, rows: shown };
        table(frame, below, &remotes, widths.into_iter().chain(numbers()).collect());
    }

    fn draw_air(&self, frame: &mut Frame<'_>, area: Rect) {
        let [above, below] = Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]).areas(area);
        list(frame, above, "Wi-Fi networks and stations", &self.picture.networks, self.scroll);
        list(frame, below, "Remote ID", &self.picture.identities, self.scroll);
    }
}

impl Page {
    const fn next(self) -> Self {
        match self {
            Self::Traffic => Self::Air,
            Self::Air => Self::Anomalies,
            Self::Anomalies => Self::Traffic,
        }
    }
}

impl Order {
    const fn next(self) -> Self {
        match self {
            Self::Now => Self::Total,
            Self::Total => Self::Latest,
            Self::Latest => Self::Now,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Now => "bytes now",
            Self::Total => "bytes in total",
            Self::Latest => "time",
        }
    }
}

impl Picture {
    fn of(board: &Board, order: Order) -> Self {
        let networks = board.networks();
        let keys: BTreeSet<&str> = board.networks.cells("keys").flat_map(|keys| keys.split(", ")).filter(|key| !key.is_empty()).collect();
        let (kernel, interface) = (board.counted.dropped, board.counted.dropped_by_interface);
        let file = board
            .file
            .as_ref()
            .map_or_else(|| "nothing saved".to_owned(), |(path, bytes)| format!("{} {}", printable(path), units::bytes(*bytes)));
        Self {
            title: format!("whereto live: {}", printable(&board.interface)),
            counts: format!(
                "{} ({}/s), {} ({}/s)   {}   {}, {}, keys {}",
                units::counted(board.frames.total, "frame", "frames"),
                units::count(board.frames.now),
                units::bytes(board.bytes.total),
                units::bytes(board.bytes.now),
                file,
                units::counted(networks as u64, "network", "networks"),
                units::counted(board.identities.len() as u64, "identity", "identities"),
                keys.len(),
            ),
            losses: format!(
                "{}; {} waiting, {} finished",
                lost(kernel, interface),
                units::bytes(board.queued as u64),
                units::counted(board.files, "capture", "captures")
            ),
            has_losses: kernel > 0 || interface > 0,
            devices: devices(board),
            remotes: remotes(board, order),
            networks: List::of(&board.networks),
            identities: List::counted(&board.identities),
            anomalies: List::counted(&board.anomalies),
        }
    }
}

impl List {
    fn of(seen: &Sightings) -> Self {
        let row = |sighting: &super::sightings::Sighting| sighting.cells.iter().map(|cell| printable(cell).into_owned()).collect();
        Self { headings: seen.columns().to_vec(), rows: seen.rows().take(limits::LIVE_ROWS).map(row).collect() }
    }

    /// The same, and how many rows there were of each thing.
    fn counted(seen: &Sightings) -> Self {
        let mut list = Self::of(seen);
        list.headings.push("rows");
        list.rows.iter_mut().zip(seen.rows()).for_each(|(cells, sighting)| cells.push(units::count(sighting.count)));
        list
    }
}

fn devices(board: &Board) -> Vec<Vec<String>> {
    let mut devices: Vec<_> = board.devices.iter().collect();
    devices.sort_by_key(|(address, device)| (Reverse(device.traffic.total()), **address));
    let row = |(address, device): (&std::net::IpAddr, &super::board::Device)| {
        let mac = printable(device.mac.as_deref().unwrap_or_default()).into_owned();
        [address.to_string(), mac].into_iter().chain(cells(device.traffic)).collect()
    };
    devices.into_iter().take(limits::LIVE_ROWS).map(row).collect()
}

fn remotes(board: &Board, order: Order) -> Vec<Vec<String>> {
    let mut remotes: Vec<_> = board.remotes.iter().collect();
    remotes.sort_by_key(|(key, remote)| {
        let weight = match order {
            Order::Now => remote.traffic.now(),
            Order::Total => 0,
            Order::Latest => u64::try_from(remote.last.nanos()).unwrap_or_default(),
        };
        (Reverse((weight, remote.traffic.total())), **key)
    });
    let row = |((device, address), remote): (&(std::net::IpAddr, std::net::IpAddr), &super::board::Remote)| {
        let name = remote.name.as_deref().map_or_else(|| address.to_string(), |name| printable(name).into_owned());
        let owner = printable(remote.owner.as_deref().unwrap_or_default()).into_owned();
        let texts = [name, printable(&remote.country).into_owned(), remote.category.to_owned(), owner, device.to_string()];
        texts.into_iter().chain(cells(remote.traffic)).collect()
    };
    remotes.into_iter().take(limits::LIVE_ROWS).map(row).collect()
}

fn cells(traffic: Traffic) -> impl Iterator<Item = String> {
    let now = |rate: u64| if rate == 0 { String::new() } else { units::bytes(rate) };
    [now(traffic.out.now), now(traffic.to.now), units::bytes(traffic.out.total), units::bytes(traffic.to.total)].into_iter()
}

fn numbers() -> impl Iterator<Item = Constraint> {
    TRAFFIC.iter().map(|_| Constraint::Length(9))
}

fn table(frame: &mut Frame<'_>, area: Rect, listed: &Listed<'_>, widths: Vec<Constraint>) {
    let headings = listed.headings.iter().copied().chain(TRAFFIC).map(|heading| Text::from(heading).dim());
    let texts = widths.len().saturating_sub(TRAFFIC.len());
    let row = |cells: &Vec<String>| {
        Row::new(cells.iter().enumerate().map(move |(at, cell)| {
            let text = Text::from(cell.clone());
            if at < texts { text } else { text.right_aligned() }
        }))
    };
    let table = Table::new(listed.rows.iter().map(row), widths).header(Row::new(headings)).block(Block::new().title(listed.title.bold()));
    frame.render_widget(table, area);
}

fn list(frame: &mut Frame<'_>, area: Rect, title: &str, list: &List, scroll: usize) {
    let headings = list.headings.iter().map(|heading| Text::from(*heading).dim());
    let shown = list.rows.get(scroll.min(list.rows.len())..).unwrap_or_default();
    let title = if list.rows.is_empty() { format!("{title}: none seen") } else { title.to_owned() };
    let widths = list.headings.iter().map(|heading| match *heading {
        "rows" => Constraint::Length(9),
        "bssid" | "station" | "transmitter" => Constraint::Length(17),
        "channel" | "security" | "signal_most" | "data_protected" | "data_opened" => {
            Constraint::Length(heading.len().try_into().unwrap_or(16))
        }
        _ => Constraint::Fill(1),
    });
    let rows = shown.iter().map(|cells| Row::new(cells.iter().map(|cell| Text::from(cell.as_str()))));
    let table = Table::new(rows, widths).header(Row::new(headings)).block(Block::new().title(title.bold()));
    frame.render_widget(table, area);
}

fn help(frame: &mut Frame<'_>) {
    let height = u16::try_from(HELP.len()).unwrap_or_default() + 2;
    let [area] = Layout::vertical([Constraint::Length(height)]).flex(ratatui::layout::Flex::Center).areas(frame.area());
    let [area] = Layout::horizontal([Constraint::Length(76)]).flex(ratatui::layout::Flex::Center).areas(area);
    let lines: Vec<_> = HELP.iter().map(|(keys, does)| Line::from(format!(" {keys:<24}{does}"))).collect();
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(" Keys ")), area);
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::face::live::board::tests::board;

    fn drawn(screen: &mut Screen, (width, height): (u16, u16)) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| screen.draw(frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        (0..height).map(line).collect::<Vec<_>>().join("\n")
    }

    fn screen() -> Screen {
        let mut screen = Screen::default();
        screen.update(&board());
        screen
    }

    fn press(screen: &mut Screen, code: KeyCode) -> bool {
        screen.press(KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn the_first_page_tells_who_sends_what_where() {
        let shown = drawn(&mut screen(), (140, 30));
        for part in [
            "whereto live: wlan0mon",
            "1,000 frames (2,000/s)",
            "DROPPED: 7 by the kernel",
            "Devices",
            "192.168.0.2",
            "Destinations, by bytes now",
            "out/live-1.pcapng",
            "q end",
        ] {
            assert!(shown.contains(part), "{part}\n{shown}");
        }
    }

    #[test]
    fn a_hostile_name_moves_nothing() {
        let shown = drawn(&mut screen(), (200, 40));
        assert!(shown.contains(r"evil\x1b[2Jname.example") && !shown.contains('\x1b'), "{shown}");
    }

    #[test]
    fn keys_turn_pages_sort_hold_and_end() {
        let mut screen = screen();
        press(&mut screen, KeyCode::Char('s'));
        screen.update(&board());
        assert!(drawn(&mut screen, (140, 30)).contains("by bytes in total"));
        press(&mut screen, KeyCode::Tab);
        let air = drawn(&mut screen, (140, 30));
        assert!(
            air.contains("Wi-Fi networks and stations")
                && air.contains("02:00:00:00:00:02")
                && air.contains("1581F45T")
                && air.contains("12.5"),
            "{air}"
        );
        press(&mut screen, KeyCode::Char('3'));
        assert!(drawn(&mut screen, (140, 30)).contains("malformed-frame"));
        press(&mut screen, KeyCode::Char('?'));
        assert!(drawn(&mut screen, (140, 30)).contains("end the session"));
        press(&mut screen, KeyCode::Char('p'));
        let mut later = board();
        later.count(5, 5);
        screen.update(&later);
        let held = drawn(&mut screen, (140, 30));
        assert!(held.contains("HELD") && held.contains("1,000 frames"), "{held}");
        assert!(press(&mut screen, KeyCode::Char('q')));
        assert!(screen.press(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)));
    }

    #[test]
    fn scrolling_stops_at_the_last_row() {
        let mut screen = screen();
        for _ in 0..50 {
            press(&mut screen, KeyCode::PageDown);
        }
        let rows = screen.picture.remotes.len();
        drawn(&mut screen, (140, 30));
        assert_eq!(screen.scroll, rows - 1);
        press(&mut screen, KeyCode::Home);
        assert_eq!(screen.scroll, 0);
    }

    #[test]
    fn any_size_of_terminal_is_drawn_on() {
        for size in [(1, 1), (20, 3), (80, 24), (300, 100)] {
            let mut screen = screen();
            screen.is_helping = true;
            drawn(&mut screen, size);
        }
    }

    #[test]
    fn an_empty_board_is_drawn() {
        let mut screen = Screen::default();
        screen.update(&Board::new("eth0".into()));
        let shown = drawn(&mut screen, (100, 24));
        assert!(shown.contains("none dropped") && shown.contains("nothing saved"), "{shown}");
    }
}
