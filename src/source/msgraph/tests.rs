use super::*;
use crate::journal::{Journal, JournalReader};

#[test]
fn an_answer_is_read_up_to_the_bound_of_this_source() {
    let folder = tempfile::tempdir().unwrap();
    let journal = JournalReader::open(folder.path(), "case", None).unwrap();
    let journal = Arc::new(Journal::Reader(journal));
    let client = Arc::new(Client::new(journal, None));
    let graph = Graph::new(client, &Url::parse("https://graph.microsoft.com").unwrap());
    let one = graph.get(&["users", "x"], &[], limits::other());
    let messages = graph.list(&["chats", "x", "messages"], &[], limits::other());
    let envelope = graph.envelope(std::slice::from_ref(&one), 0..1);
    for request in [one, messages, envelope] {
        assert_eq!(request.longest_answer, 64 << 20);
    }
}

#[test]
fn only_the_cloud_of_china_has_no_associated_teams() {
    let folder = tempfile::tempdir().unwrap();
    let journal = JournalReader::open(folder.path(), "case", None).unwrap();
    let client = Arc::new(Client::new(Arc::new(Journal::Reader(journal)), None));
    for (url, has) in [
        ("https://graph.microsoft.com", true),
        ("https://dod-graph.microsoft.us", true),
        ("https://microsoftgraph.chinacloudapi.cn", false),
    ] {
        let graph = Graph::new(Arc::clone(&client), &Url::parse(url).unwrap());
        assert_eq!(graph.has_associated_teams(), has, "{url}");
    }
}
