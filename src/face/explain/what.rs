//! What is to be explained: a flow by its number, a host, an address or range, or a cell of the summary.

use std::net::IpAddr;

use anyhow::bail;
use ipnet::IpNet;
use polars::prelude::{BooleanChunked, Column, DataFrame, DataType, NewChunkedArray as _, PolarsResult};

use super::super::grid::printable;
use crate::record::{Field, Flow, Kind, SUMMARY, schema_of};

/// A selection of flows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The flow with this number.
    Flow(u64),
    /// The flows with these numbers.
    Flows(Vec<u64>),
    /// Flows to this name.
    Host(String),
    /// Flows to this name and those below it.
    Hosts(String),
    /// Flows with an address of this range at either end.
    Address(IpNet),
    /// Flows whose columns have these values, empty for none.
    Cell(Vec<(&'static str, String)>),
}

impl What {
    /// Reads the argument of the command.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let text = text.trim();
        let number = text.strip_prefix("flow:").unwrap_or(text);
        if let Ok(number) = number.parse() {
            return Ok(Self::Flow(number));
        }
        if let Some(range) = text.parse().ok().or_else(|| text.parse().ok().map(|address: IpAddr| address.into())) {
            let range: IpNet = range;
            return Ok(Self::Address(range.trunc()));
        }
        if text.contains('=') {
            return cell(text);
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        if name.is_empty() || name.contains(['/', ':', ' ', ',']) {
            bail!(
                "{} is neither a flow (flow:17), an address or range (203.0.113.0/24), a cell (category=push,region=Japan), a claim (claim:K09), a finding (finding:1) nor a host name",
                printable(text)
            );
        }
        Ok(name.strip_prefix("*.").map_or_else(|| Self::Host(name.clone()), |domain| Self::Hosts(domain.to_owned())))
    }

    /// Columns of `flows` that it looks at.
    pub(super) fn columns(&self) -> Vec<&'static str> {
        match self {
            Self::Flow(_) | Self::Flows(_) => vec!["flow_id"],
            Self::Host(_) | Self::Hosts(_) => vec!["name"],
            Self::Address(_) => vec!["device_ip", "remote_ip"],
            Self::Cell(pairs) => pairs.iter().map(|(column, _)| *column).collect(),
        }
    }

    /// The word for its kind.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Flow(_) | Self::Flows(_) => "flow",
            Self::Host(_) | Self::Hosts(_) => "host",
            Self::Address(_) => "address",
            Self::Cell(_) => "cell",
        }
    }

    /// Which rows of `flows` it means.
    pub(super) fn mask(&self, flows: &DataFrame) -> PolarsResult<BooleanChunked> {
        let within =
            |range: &IpNet, text: Option<&str>| text.and_then(|text| text.parse().ok()).is_some_and(|ip: IpAddr| range.contains(&ip));
        match self {
            Self::Flow(number) => {
                let held: Vec<bool> = flows.column("flow_id")?.u64()?.iter().map(|id| id == Some(*number)).collect();
                Ok(BooleanChunked::from_slice("".into(), &held))
            }
            Self::Flows(numbers) => {
                let held: Vec<bool> = flows.column("flow_id")?.u64()?.iter().map(|id| id.is_some_and(|id| numbers.contains(&id))).collect();
                Ok(BooleanChunked::from_slice("".into(), &held))
            }
            Self::Host(name) => rows_where(flows.column("name")?, &|text| text == Some(name)),
            Self::Hosts(domain) => rows_where(flows.column("name")?, &|text| text.is_some_and(|name| is_within(name, domain))),
            Self::Address(range) => {
                let ends = ["device_ip", "remote_ip"].map(|end| rows_where(flows.column(end)?, &|text| within(range, text)));
                let [device, remote] = ends;
                Ok(&device? | &remote?)
            }
            Self::Cell(pairs) => {
                let mut mask = BooleanChunked::from_slice("".into(), &vec![true; flows.height()]);
                for (column, value) in pairs {
                    mask = &mask & &has(flows.column(column)?, value)?;
                }
                Ok(mask)
            }
        }
    }
}

/// `name` is `domain`, or below it.
fn is_within(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Rows of a column that hold `value`, in a list among others; an empty value is meant by no value.
pub(super) fn has(column: &Column, value: &str) -> PolarsResult<BooleanChunked> {
    rows_where(column, &|text| text.unwrap_or_default() == value)
}

fn rows_where(column: &Column, test: &dyn Fn(Option<&str>) -> bool) -> PolarsResult<BooleanChunked> {
    if let DataType::List(_) = column.dtype() {
        let lists = column.list()?;
        let holds = lists.amortized_iter().map(|list| match list {
            Some(list) if !list.as_ref().is_empty() => Ok(list.as_ref().str()?.iter().any(test)),
            _ => Ok(test(None)),
        });
        return holds.map(|held: PolarsResult<bool>| held.map(Some)).collect();
    }
    let text = column.cast(&DataType::String)?;
    let held: Vec<bool> = text.str()?.iter().map(test).collect();
    Ok(BooleanChunked::from_slice("".into(), &held))
}

/// `column=value`, several joined by commas. A comma only parts where a column follows: values may hold commas.
fn cell(text: &str) -> anyhow::Result<What> {
    let fields = schema_of::<Flow>().fields;
    let mut pairs = Vec::<(&'static str, String)>::new();
    for part in text.split(',') {
        let pair = part.split_once('=').map(|(column, value)| (column.trim(), value.trim()));
        let known = pair.and_then(|(column, value)| named(&fields, column).map(|column| (column, value.to_owned())));
        match (known, pairs.last_mut()) {
            (Some(pair), _) => pairs.push(pair),
            (None, Some((_, value))) => value.extend([",", part]),
            (None, None) => {
                let column = pair.map_or(part, |(column, _)| column);
                let keys: Vec<_> =
                    SUMMARY.iter().map(|key| key.name).take_while(|key| *key != "flows").filter(|key| *key != "run").collect();
                bail!(
                    "{} is no column to select flows by; there are {}, and the others of table flows",
                    printable(column),
                    keys.join(", ")
                );
            }
        }
    }
    Ok(What::Cell(pairs))
}

fn named(fields: &[Field], column: &str) -> Option<&'static str> {
    let fits = |field: &&Field| field.name == column && matches!(field.kind, Kind::Text | Kind::Number | Kind::Flag | Kind::List);
    fields.iter().find(fits).map(|field| field.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> What {
        What::parse(text).unwrap()
    }

    #[test]
    fn tells_flows_hosts_addresses_and_cells_apart() {
        assert_eq!((parse("17"), parse("flow:17")), (What::Flow(17), What::Flow(17)));
        assert_eq!((parse("Active.DJI.com."), parse("*.dji.com")), (What::Host("active.dji.com".into()), What::Hosts("dji.com".into())));
        assert_eq!(parse("203.0.113.7/24"), What::Address("203.0.113.0/24".parse().unwrap()));
        assert_eq!(parse("2001:db8::1"), What::Address("2001:db8::1/128".parse().unwrap()));
        let cell = vec![("category", "flight_log".to_owned()), ("region", "Hong Kong".to_owned())];
        assert_eq!(parse("category=flight_log, region=Hong Kong"), What::Cell(cell));
    }

    #[test]
    fn values_of_a_cell_may_hold_commas_and_be_empty() {
        let cell = vec![("as_org", "Alibaba (US) Technology Co., Ltd.".to_owned()), ("owner", String::new())];
        assert_eq!(parse("as_org=Alibaba (US) Technology Co., Ltd.,owner="), What::Cell(cell));
        let message = |text: &str| What::parse(text).unwrap_err().to_string();
        assert!(message("kind=push").starts_with("kind is no column to select flows by; there are device_ip, app, category, "));
        assert!(message("203.0.113.0/99").contains("is neither a flow"), "{}", message("203.0.113.0/99"));
    }

    #[test]
    fn a_domain_holds_itself_and_what_is_below() {
        assert!(is_within("dji.com", "dji.com") && is_within("a.b.dji.com", "dji.com"));
        assert!(!is_within("notdji.com", "dji.com") && !is_within("com", "dji.com"));
    }
}
