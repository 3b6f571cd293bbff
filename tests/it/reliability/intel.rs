use super::{Row, rows};
use tenant_sim::{Action, Fault, Service};

rows! {
    a_server_error_once: Row::new("A provider fails once (503).")
        .script(|_| vec![Fault::on(Service::Otx, "GET", Action::status(503))]);
}
