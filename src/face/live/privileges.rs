//! Rights given up once the interface is open: what reads hostile bytes should be able to do little else.

use anyhow::{Context as _, bail};
use nix::unistd::{Gid, Uid, User, geteuid, initgroups, setgid, setgroups, setuid};

use crate::face::terminal::variable;

/// What the session still has to change while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing.
    Nothing,
    /// The radio: its channel, or the end of its monitor mode.
    Radio,
}

/// Whom to become.
struct Target {
    uid: Uid,
    gid: Gid,
    name: Option<String>,
}

/// Becomes `user`, or who called sudo, and gives up every capability that is not needed. To be called before any
/// thread is started: capabilities belong to threads.
pub(super) fn give_up(user: Option<&str>, needs: Needs) -> anyhow::Result<()> {
    let is_root = geteuid().is_root();
    let target = match user {
        Some(user) if is_root => Some(named(user)?),
        Some(user) => bail!("cannot become {user}: only root can"),
        None if is_root => sudo()?,
        None => None,
    };
    if let Some(target) = target {
        keep_over_change(needs)?;
        target.become_it().with_context(|| format!("cannot become user {}", target.uid))?;
    }
    give_up_capabilities(needs)
}

fn named(user: &str) -> anyhow::Result<Target> {
    let found = match user.parse() {
        Ok(uid) => User::from_uid(Uid::from_raw(uid)),
        Err(_) => User::from_name(user),
    };
    match found.with_context(|| format!("cannot look up user {user}"))? {
        Some(user) => Ok(Target { uid: user.uid, gid: user.gid, name: Some(user.name) }),
        None => bail!("there is no user {user}"),
    }
}

/// Who called sudo; none when nobody did, or root.
fn sudo() -> anyhow::Result<Option<Target>> {
    let number = |name: &str| {
        variable(name).map(|value| value.parse::<u32>().with_context(|| format!("{name} is no number: {value:?}"))).transpose()
    };
    let (Some(uid), Some(gid)) = (number("SUDO_UID")?, number("SUDO_GID")?) else { return Ok(None) };
    let name = User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name);
    Ok((uid != 0).then(|| Target { uid: Uid::from_raw(uid), gid: Gid::from_raw(gid), name }))
}

impl Target {
    fn become_it(&self) -> anyhow::Result<()> {
        match &self.name {
            Some(name) => initgroups(&std::ffi::CString::new(name.as_str())?, self.gid)?,
            None => setgroups(&[self.gid])?,
        }
        setgid(self.gid)?;
        setuid(self.uid)?;
        Ok(())
    }
}

#[cfg(target_os = "linux")]
fn keep_over_change(needs: Needs) -> anyhow::Result<()> {
    rustix::thread::set_keep_capabilities(needs == Needs::Radio).context("cannot say which capabilities are kept")
}

#[cfg(target_os = "linux")]
fn give_up_capabilities(needs: Needs) -> anyhow::Result<()> {
    use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};
    let held = capabilities(None).context("cannot read the capabilities")?.permitted;
    let kept = match needs {
        Needs::Nothing => CapabilitySet::empty(),
        Needs::Radio => held & CapabilitySet::NET_ADMIN,
    };
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    set_capabilities(None, sets).context("cannot give up capabilities")
}

#[cfg(not(target_os = "linux"))]
fn keep_over_change(_: Needs) -> anyhow::Result<()> {
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn give_up_capabilities(_: Needs) -> anyhow::Result<()> {
    Ok(())
}
