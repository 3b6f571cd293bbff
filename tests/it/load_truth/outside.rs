//! An attack from another tenant, of which only Defender's tables tell.

use tenant_sim::{ChatsOf, Messages, Options, Recipients, World};

use super::check;
use crate::run::gaps;

#[test]
fn a_help_desk_that_is_none() {
    check(World::outside(), Options::default(), &[], |_| {});
}

#[test]
fn recipients_in_every_form_rows_that_came_twice_and_both_spellings_of_the_columns() {
    for recipients in [Recipients::Text, Recipients::List, Recipients::Texts] {
        for (twice, turned_columns) in [(false, true), (true, false)] {
            let options = Options {
                messages: Messages {
                    recipients,
                    twice,
                    turned_columns,
                },
                ..Options::default()
            };
            check(World::outside(), options, &[], |_| {});
        }
    }
}

#[test]
fn each_table_absent_in_turn() {
    for table in [
        "CloudAppEvents",
        "CommonSecurityLog",
        "DeviceEvents",
        "DeviceNetworkEvents",
        "DeviceNetworkInfo",
        "MessageEvents",
        "MessagePostDeliveryEvents",
        "MessageUrlInfo",
        "SecurityAlert",
        "UrlClickEvents",
    ] {
        eprintln!("without {table}");
        let options = Options {
            absent_tables: vec![table],
            ..Options::default()
        };
        let result = check(World::outside(), options, &[], |_| {});
        let gaps = gaps(&result, "gaps");
        assert_eq!(gaps.len(), 1, "{gaps:#?}");
        assert!(gaps[0].contains(table), "{gaps:#?}");
    }
    // The audit log of Teams is in two tables.
    let options = Options {
        absent_tables: vec!["OfficeActivity", "CloudAppEvents"],
        ..Options::default()
    };
    check(World::outside(), options, &[], |_| {});
}

#[test]
fn the_chats_of_everybody_who_was_touched() {
    check(
        World::outside(),
        Options::default(),
        &["--chats-of", "touched"],
        |query| query.chats_of = ChatsOf::Touched,
    );
    check(
        World::outside(),
        Options::default(),
        &["--chats-of", "none"],
        |query| query.chats_of = ChatsOf::None,
    );
}
