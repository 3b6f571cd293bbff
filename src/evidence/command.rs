//! The command line that shows the evidence of an element.

use super::element::Element;
use super::find;
use crate::graph::naming::defanged_id;
use crate::graph::{Graph, Label, NodeRef};
use crate::model::RecordId;
use crate::terminal;

/// The longest command, in bytes. A terminal takes a line of at most 4,096.
const LONGEST: usize = 4_000;

/// The command that shows an element. It can be pasted into a POSIX shell, PowerShell or cmd.exe, whatever the ids from
/// outside contain, and the urls in it are defanged. An element that cannot be written safely is shown by its first
/// record; `None` when it has no record either.
pub fn command(graph: &Graph, element: Element) -> Option<String> {
    let typed = match element {
        Element::Node(node) => word(graph, node),
        Element::Edge(from, kind, to) => word(graph, from)
            .zip(word(graph, to))
            .map(|(from, to)| format!("{from} {kind} {to}")),
    };
    let typed = typed.filter(|typed| typed.len() <= LONGEST);
    let typed = typed.or_else(|| {
        let first = element.facts(graph)?.evidence.numbers().next()?;
        terminal::word(&RecordId::new(graph.case(), first).to_string())
    });
    Some(format!("linktrail evidence {}", typed?))
}

/// A node as one word of the command line; `None` when no safe word identifies it.
fn word(graph: &Graph, node: NodeRef) -> Option<String> {
    let data = graph.node(node);
    let id = match data.label {
        Label::Url | Label::Verdict => defanged_id(data)?,
        // A url in an id that is not a url would be clickable.
        _ if data.id.contains("://") => return None,
        _ => data.id.as_str().into(),
    };
    if !find::is_meant(graph, node, &id) {
        return None;
    }
    // With the label in front, the word is never taken for an option.
    terminal::word(&format!("{}:{id}", data.label))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Found;
    use crate::graph::node::{Host, User};
    use crate::graph::{Edge, EdgeType, Seen, node};

    /// Splits a command into words as a shell does, if it is a single command of plain and quoted words.
    fn words(command: &str) -> Vec<String> {
        let rest = command.strip_prefix("linktrail evidence ").unwrap();
        let mut words = vec![String::new()];
        let mut inside = false;
        for c in rest.chars() {
            match c {
                '"' => inside = !inside,
                ' ' if !inside => words.push(String::new()),
                c => {
                    let plain = c.is_ascii_alphanumeric() || "@.:/_-".contains(c);
                    let inert = inside && " ~=+,[]{}?&#|;()".contains(c);
                    assert!(plain || inert, "{command}");
                    words.last_mut().unwrap().push(c);
                }
            }
        }
        assert!(!inside, "{command}");
        words
    }

    #[test]
    fn hostile_ids_are_shown_by_their_record() {
        for id in [
            "x\"; calc; \"",
            "x$(calc)",
            "x`calc`",
            "%CMDCMDLINE:~0,1%&calc&",
            "!calc",
            "x\ncalc",
            "x\r\ncalc\r\n",
            "\u{1b}[200~calc",
            "x\u{201d};calc;\u{201c}",
            "x\u{ff02}&calc&\u{ff02}",
            "x\\",
            "x'>y",
            " x",
            "x -[SENT]-> y",
            "http://x.example/",
        ] {
            let mut graph = Graph::new("01J");
            let known = graph.put(User::by_id(id), Seen::in_record(7));
            let shown = command(&graph, Element::Node(known));
            assert_eq!(shown.as_deref(), Some("linktrail evidence 01J/7"), "{id:?}");
            let mut graph = Graph::new("01J");
            let unrecorded = graph.put(User::by_id(id), Seen::default());
            assert_eq!(command(&graph, Element::Node(unrecorded)), None, "{id:?}");
        }
    }

    #[test]
    fn what_can_be_typed_means_the_element() {
        let mut graph = Graph::new("01J");
        let seen = Seen::in_record(7);
        let mut url = |text: &str| graph.put(node::Url(url::Url::parse(text).unwrap()), seen);
        let evil = url("https://evil.example/a?x=1&y=(2);3,4#z|~");
        let (percent, long) = (
            url("https://evil.example/%41%41"),
            url(&format!("https://evil.example/{}", "a".repeat(9_000))),
        );
        let rest = format!("https://evil.example/{}", "b".repeat(3_000));
        let longer = url(&rest);
        // Two hosts with the same name, a name that contains a url, and a name that looks like an option.
        let mut host = |id: &str, name: &str| graph.put(Host::new(id, name).unwrap(), seen);
        let hosts = [
            host("d1", "pc-1"),
            host("d2", "pc-1"),
            host("", "www.x.example"),
            host("--help", "x"),
            host("", "a  b"),
        ];
        for host in hosts {
            graph.link(host, Edge::WarnedAbout { count: 1 }, evil, seen);
            graph.link(host, Edge::WarnedAbout { count: 1 }, percent, seen);
        }
        let edges = hosts.map(|host| Element::Edge(host, EdgeType::WarnedAbout, evil));
        let nodes = hosts.into_iter().chain([evil, longer]).map(Element::Node);
        for element in nodes.chain(edges) {
            let command = command(&graph, element).unwrap();
            assert!(!command.contains("http"), "{command}");
            let found = find::find(&graph, &words(&command));
            assert_eq!(found, Ok(Found::Element(element)), "{command}");
        }
        let by_record = Some("linktrail evidence 01J/7".to_owned());
        for element in [
            Element::Node(percent),
            Element::Node(long),
            Element::Edge(hosts[0], EdgeType::WarnedAbout, percent),
        ] {
            assert_eq!(command(&graph, element), by_record);
        }
    }

    proptest::proptest! {
        /// Whatever an id contains, a command has no side effects, and identifies the element or its record.
        #[test]
        fn any_id_is_inert(id in "(\\PC|[\"'`$%!&|;\\\\\n\r /.:-]){0,12}") {
            let mut graph = Graph::new("01J");
            let user = Element::Node(graph.put(User::by_id(&id), Seen::in_record(7)));
            let words = words(&command(&graph, user).unwrap());
            let found = find::find(&graph, &words).unwrap();
            proptest::prop_assert!([Found::Element(user), Found::Record(7)].contains(&found));
        }
    }
}
