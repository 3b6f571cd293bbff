//! Under which id a user or a host ends up as one node.

use crate::world::World;
use crate::world::facts::{DeviceIx, UserIx};
use crate::world::logs::{AlertHost, Named};
use std::collections::BTreeSet;

/// What the run comes to know of users and hosts.
#[derive(Debug, Default)]
pub(super) struct Identities {
    by_id: BTreeSet<UserIx>,
    upn_known: BTreeSet<UserIx>,
    hosts: BTreeSet<DeviceIx>,
}

impl Identities {
    /// Records that a user was named; UPN and id together tie the two.
    pub(super) fn saw(&mut self, user: UserIx, named: Named) {
        match named {
            Named::Both => {
                self.by_id.insert(user);
                self.upn_known.insert(user);
            }
            Named::Id => {
                self.by_id.insert(user);
            }
            Named::Upn | Named::No => {}
        }
    }

    /// Records that `/users/{id}` answered.
    pub(super) fn resolved(&mut self, user: UserIx) {
        self.saw(user, Named::Both);
    }

    /// Records that a device was named by its id.
    pub(super) fn saw_host(&mut self, device: DeviceIx) {
        self.hosts.insert(device);
    }

    /// Whether the run knows the user's UPN.
    pub(super) fn knows_upn(&self, user: UserIx) -> bool {
        self.upn_known.contains(&user)
    }

    /// The User node's id, once everything has been seen.
    pub(super) fn user(&self, world: &World, user: UserIx, named: Named) -> String {
        let facts = &world.users[user];
        let merged = self.by_id.contains(&user) && self.upn_known.contains(&user);
        let has_id = !facts.id.is_empty();
        match named {
            Named::Both | Named::Id if has_id => facts.id.to_lowercase(),
            Named::Upn if has_id && merged => facts.id.to_lowercase(),
            _ => format!("upn:{}", facts.upn.to_lowercase()),
        }
    }

    /// The Host node's id of a device that logs name by its id.
    pub(super) fn device(&self, world: &World, device: DeviceIx) -> String {
        world.devices[device].id.to_lowercase()
    }

    /// The Host node's id and name of an alert's host: merged by name into a host known by id.
    pub(super) fn alert_host(&self, world: &World, host: &AlertHost) -> (String, String) {
        match host {
            AlertHost::Device(device, by_id) => {
                let name = world.devices[*device].name.clone();
                if *by_id || self.hosts.contains(device) {
                    (self.device(world, *device), name)
                } else {
                    (format!("name:{}", name.to_lowercase()), name)
                }
            }
            AlertHost::Unmanaged(name) => (format!("name:{}", name.to_lowercase()), name.clone()),
        }
    }
}
