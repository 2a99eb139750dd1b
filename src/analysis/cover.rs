//! Identifiers of the list taken out of the texts of rows, which go to tables, screen and report.

use crate::record::{Dns, Flow, Http, Part, Row, WebSocket};
use crate::search::Search;

/// Takes them out of a row of the pass.
pub(super) fn cover(search: &Search, row: &mut Row) {
    if search.identifiers() == 0 {
        return;
    }
    let texts: Vec<&mut String> = match row {
        Row::Http(row) => http(row),
        Row::Dns(row) => dns(row),
        Row::Name(row) => std::iter::once(&mut row.name).chain(&mut row.canonical).collect(),
        Row::Part(row) => part(row),
        Row::WebSocket(row) => web_socket(row),
        Row::Tls(row) => row.hellos.server_name.iter_mut().collect(),
        Row::Quic(row) => row.hellos.server_name.iter_mut().chain(&mut row.user_agent).collect(),
        Row::Finding(row) => row.name.iter_mut().collect(),
        Row::Flow(row) => flow(row),
        _ => return,
    };
    search.cover_all(texts);
}

fn http(row: &mut Http) -> Vec<&mut String> {
    let own = [&mut row.host, &mut row.path, &mut row.user_agent, &mut row.content_type_out, &mut row.content_type_in];
    let lists = [&mut row.query_keys, &mut row.request_body.form_fields, &mut row.response_body.form_fields];
    own.into_iter().flatten().chain(lists.into_iter().flatten()).collect()
}

fn dns(row: &mut Dns) -> Vec<&mut String> {
    let lists = [&mut row.questions, &mut row.answers, &mut row.authorities, &mut row.additionals];
    row.query.iter_mut().chain(lists.into_iter().flatten()).collect()
}

fn part(row: &mut Part) -> Vec<&mut String> {
    [&mut row.name, &mut row.file_name, &mut row.declared_type].into_iter().flatten().collect()
}

fn web_socket(row: &mut WebSocket) -> Vec<&mut String> {
    [&mut row.host, &mut row.path].into_iter().flatten().collect()
}

fn flow(row: &mut Flow) -> Vec<&mut String> {
    let names = row.names.iter_mut().map(|name| &mut name.name);
    let requests = row.requests.iter_mut().flat_map(|request| [&mut request.host, &mut request.path]);
    names.chain(requests).chain(&mut row.answer.name).chain(&mut row.answer.name_candidates).collect()
}
