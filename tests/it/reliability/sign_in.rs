use super::{Row, rows};
use tenant_sim::{Action, Fault, Service};

rows! {
    a_token_expires: Row::new("A token expires before its time (401 once).")
        .script(|_| vec![Fault::on(Service::Graph, "/joinedTeams", Action::ExpiredToken)]);
}
