use super::{Row, rows};
use tenant_sim::{Action, Fault, Service};

rows! {
    a_server_error_once: Row::new("Graph fails once (503).")
        .script(|_| vec![Fault::on(Service::Graph, "/joinedTeams", Action::status(503))])
        .sends("graph", 1..=1000);
}
