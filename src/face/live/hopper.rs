//! From channel to channel, as long as the session lasts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::bail;

use crate::capture::{Channel, Radio};

/// Time on one channel: two beacon intervals of 102.4 ms and a bit.
const DWELL: Duration = Duration::from_millis(250);

/// A radio with the channels it goes round.
pub(super) struct Hopper {
    radio: Radio,
    channels: Vec<Channel>,
}

impl Hopper {
    /// Sets the channel, or tries those to go round; none when neither is asked for. Channels that the driver refuses
    /// are told and left out.
    ///
    /// # Errors
    /// When there is no nl80211, or no channel can be set.
    #[expect(clippy::print_stderr, reason = "a channel left out should be seen before the screen comes")]
    pub(super) fn open(interface: &str, channel: Option<Channel>, hop: &[Channel]) -> anyhow::Result<Option<Self>> {
        if let Some(channel) = channel {
            Radio::open(interface)?.tune(channel)?;
            return Ok(None);
        }
        if hop.is_empty() {
            return Ok(None);
        }
        let mut radio = Radio::open(interface)?;
        let mut channels = Vec::new();
        for channel in hop {
            match radio.tune(*channel) {
                Ok(()) => channels.push(*channel),
                Err(error) => eprintln!("whereto: {error}"),
            }
        }
        if channels.is_empty() {
            bail!("no channel of {interface} can be set");
        }
        Ok(Some(Self { radio, channels }))
    }

    /// Hops until `stop`. A channel that is refused for once is passed over.
    pub(super) fn hop(mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            for channel in &self.channels {
                self.radio.tune(*channel).ok();
                std::thread::sleep(DWELL);
                if stop.load(Ordering::Relaxed) {
                    return;
                }
            }
        }
    }
}
