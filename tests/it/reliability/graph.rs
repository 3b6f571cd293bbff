use serde_json::{Value, json};

use super::{Row, rows};
use tenant_sim::world::facts::Place;
use tenant_sim::{Action, Fault, Options, Service, Tenant, World};

const ELSEWHERE: &str = "0b5e9c1e-6f0a-4a0e-9d55-5c0d2f6f7a11";

/// Short pages, so that every list of messages has several.
fn short_pages() -> Options {
    Options {
        page_limit: Some(5),
        ..Options::default()
    }
}

fn always(pattern: &str, action: Action) -> Fault {
    Fault::on(Service::Graph, pattern, action).always()
}

/// Graph's refusal with these words.
fn refusal(status: u16, code: &str, message: &str) -> Action {
    body(
        status,
        json!({"error": {"code": code, "message": message}}).to_string(),
    )
}

fn body(status: u16, body: String) -> Action {
    let headers = vec![("content-type".into(), "application/json".into())];
    Action::Answer {
        status,
        headers,
        body,
    }
}

fn empty() -> Action {
    body(200, json!({"value": []}).to_string())
}

fn team(world: &World, name: &str) -> String {
    let team = world.teams.iter().find(|team| team.name == name);
    team.expect("a team").id.clone()
}

/// The first page of a team's messages.
fn list_of(tenant: &Tenant, team_name: &str) -> String {
    let team = team(tenant.world(), team_name);
    format!("/teams/{team}/channels/getAllMessages")
}

/// A message of Finance that nobody replied to, and that the audit log lists.
fn lonely(tenant: &Tenant) -> String {
    let world = tenant.world();
    let is_in_finance = |place: Place| match place {
        Place::Channel(channel) => world.teams[world.channels[channel].team].name == "Finance",
        Place::Chat(_) => false,
    };
    let message = world.messages.iter().find(|message| {
        is_in_finance(message.place)
            && message.subject.is_none()
            && message.root.is_none()
            && message.deleted.is_none()
            && !message.links.is_empty()
            && message.created > world.from()
    });
    message.expect("a message").id.clone()
}

/// The list lacks the lonely message, and asked for singly it is answered like this.
fn lonely_is(tenant: &Tenant, single: Option<Action>) -> Vec<Fault> {
    let id = lonely(tenant);
    let without = Action::Without(vec![id.clone()]);
    let mut faults = vec![always(&list_of(tenant, "Finance"), without)];
    faults.extend(single.map(|action| always(&format!("/messages/{id}\n"), action)));
    faults
}

rows! {
    a_server_error_once: Row::new("Graph fails once (503).")
        .script(|_| vec![Fault::on(Service::Graph, "/joinedTeams", Action::status(503))])
        .sends("graph", 1..=1000);

    every_list_of_messages_is_empty: Row::new("The list of every team's messages (`getAllMessages`) is empty.")
        .script(|_| vec![always("getAllMessages", empty())])
        .gap("messages", "graph", "the audit log lists messages in the team Finance that were not read: asked for one by one, Graph answers 404, as it does for a reply whose first message nothing names, and the list of the team's messages is not whole; run the same command again later", 1)
        .gap("messages", "graph", "the audit log lists messages in the team R&D \"Projects\" | 2026 that were not read: asked for one by one, Graph answers 404, as it does for a reply whose first message nothing names, and the list of the team's messages is not whole; run the same command again later", 2)
        .heals();

    the_list_of_one_team_is_empty: Row::new("The list of one team's messages is empty, and none of them is a reply.")
        .script(|tenant| vec![always(&list_of(tenant, "Fabrikam joint"), empty())])
        .heals();

    no_list_of_messages: Row::new("The list of every team's messages is not found (404).")
        .script(|_| vec![always("getAllMessages", Action::status(404))])
        .gap("messages", "graph", "channel messages: no such list (HTTP 404), although its owner is named elsewhere; the team may be deleted, archived or new, or `[endpoints] graph` is not Graph; run the same command again later", 3)
        .gap("messages", "graph", "the audit log lists messages in the team Finance that were not read: asked for one by one, Graph answers 404, as it does for a reply whose first message nothing names, and the list of the team's messages is not whole; run the same command again later", 1)
        .gap("messages", "graph", "the audit log lists messages in the team R&D \"Projects\" | 2026 that were not read: asked for one by one, Graph answers 404, as it does for a reply whose first message nothing names, and the list of the team's messages is not whole; run the same command again later", 2)
        .heals();

    no_list_of_messages_of_one_team: Row::new("The list of one team's messages is not found (404).")
        .script(|tenant| vec![always(&list_of(tenant, "Fabrikam joint"), Action::status(404))])
        .gap("messages", "graph", "channel messages: no such list (HTTP 404), although its owner is named elsewhere; the team may be deleted, archived or new, or `[endpoints] graph` is not Graph; run the same command again later", 1)
        .heals();

    single_messages_are_not_answered: Row::new("The list of a team's messages is empty, and no single message of it is answered (503).")
        .script(|tenant| vec![
            always(&list_of(tenant, "Finance"), empty()),
            always(&format!("/teams/{}/channels/[^/]*/messages/", team(tenant.world(), "Finance")), Action::status(503)),
        ])
        .gap("messages", "graph", "the audit log lists messages in the team Finance that were not read: channel messages: HTTP 503 …", 1)
        .gap("messages", "graph", "the audit log lists messages in the team Finance that were not read: channel messages: no answer (not asked, since Graph had answered none of the 5 requests before (HTTP 503); run the same command again later)", 9)
        .gap("messages", "graph", "the audit log lists messages in the team R&D \"Projects\" | 2026 that were not read: channel messages: no answer (not asked, since Graph had answered none of the 5 requests before (HTTP 503); run the same command again later)", 1)
        .sends("graph", 1..=60)
        .heals();

    no_team_has_an_id: Row::new("Lists of teams name no team by its id.")
        .script(|_| vec![always("/joinedTeams|/associatedTeams", Action::Items("id", Value::Null))])
        .gap("teams", "graph", "teams of a user: Graph lists some without an id, and they were left out; run the same command again later", 14)
        .heals();

    no_chat_has_an_id: Row::new("Lists of chats name no chat by its id.")
        .script(|_| vec![always("/users/[^/]*/chats", Action::Items("id", Value::Null))])
        .gap("chats", "graph", "chats: Graph lists some without an id, and they were left out; run the same command again later", 6)
        .heals();

    no_chat_message_has_an_id: Row::new("Messages of chats have no id.")
        .script(|_| vec![always("/chats/[^/]*/messages", Action::Items("id", Value::Null))])
        .gap("chats", "graph", "chat messages with a link: Graph lists some without an id, and they were left out; run the same command again later", 5)
        .heals();

    members_without_an_id: Row::new("Members of chats have no id of a user, as those by phone.")
        .script(|_| vec![always("/chats/19[^/]*/members", Action::Items("userId", Value::Null))])
        .note("chats", "graph", "chat members that Graph names by no user id, such as those by phone, were left out", 36);

    no_listed_message_has_an_id: Row::new("The messages of a team's list have no id.")
        .script(|tenant| vec![always(&list_of(tenant, "Fabrikam joint"), Action::Items("id", Value::Null))])
        .heals();

    no_message_has_an_id: Row::new("No message of a team's list has an id, and all messages are wanted (`--channels all`).")
        .arguments(&["--channels", "all"])
        .script(|tenant| vec![always(&list_of(tenant, "Fabrikam joint"), Action::Items("id", Value::Null))])
        .gap("messages", "graph", "channel messages: Graph lists some without an id, and they were left out; run the same command again later", 4)
        .heals();

    no_joined_teams: Row::new("The joined teams of every user are not found (404).")
        .script(|_| vec![always("/joinedTeams", Action::status(404))])
        .gap("teams", "graph", "joined teams: no such list (HTTP 404), although its owner is named elsewhere; the account may be new, or without a licence for Teams; run the same command again later", 5)
        .heals();

    no_teams_at_all: Row::new("Neither the joined nor the associated teams of any user are found (404), and two teams that a log names do not exist.")
        .script(|_| vec![
            always("/joinedTeams|/associatedTeams", Action::status(404)),
            always(r"/teams/[^/]*\?", refusal(404, "NotFound", "No team found")),
        ])
        .gap("teams", "graph", "joined teams: no such list (HTTP 404), although its owner is named elsewhere; the account may be new, or without a licence for Teams; run the same command again later", 5)
        .gap("teams", "graph", "associated teams: no such list (HTTP 404), although its owner is named elsewhere; the account may be new, or without a licence for Teams; run the same command again later", 5)
        .gap("teams", "graph", "teams: not found, although a log names them; they may have been deleted since, and their messages with them", 2)
        .heals();

    associated_teams_are_forbidden: Row::new("The associated teams are forbidden (403).")
        .script(|_| vec![always("/associatedTeams", refusal(403, "Forbidden", "Missing role permissions on the request. API requires one of 'Team.ReadBasic.All'."))])
        .gap("teams", "graph", "associated teams: not permitted (HTTP 403); grant the application Team.ReadBasic.All", 5)
        .heals();

    no_associated_teams: Row::new("The associated teams of every user are not found (404).")
        .script(|_| vec![always("/associatedTeams", Action::status(404))])
        .gap("teams", "graph", "associated teams: no such list (HTTP 404), although its owner is named elsewhere; the account may be new, or without a licence for Teams; run the same command again later", 5)
        .heals();

    a_proxy_says_not_found: Row::new("A proxy answers 404 in HTML for every user of the directory.")
        .script(|_| vec![always(r"/users/[^/]*\?", body(404, "<html>".to_owned()))])
        .gap("teams", "graph", "users: the answer is not what Graph sends", 7)
        .gap("messages", "graph", "users: the answer is not what Graph sends", 6)
        .gap("chats", "graph", "users: the answer is not what Graph sends", 29)
        .gap("teams", "graph", "joined teams: no such list (HTTP 404), although its owner is named elsewhere; the account may be new, or without a licence for Teams; run the same command again later", 1)
        .gap("teams", "graph", "associated teams: no such list (HTTP 404), although its owner is named elsewhere; the account may be new, or without a licence for Teams; run the same command again later", 1)
        .heals();

    lacking_in_the_list: Row::new("The list lacks a message, which Graph gives when it is asked for by itself.")
        .script(|tenant| lonely_is(tenant, None))
        .heals();

    lacking_and_not_found: Row::new("The list lacks a message, and it is not found (404) by itself; others of its channel are there.")
        .script(|tenant| lonely_is(tenant, Some(refusal(404, "NotFound", "NotFound"))))
        .note("messages", "graph", "the audit log lists messages that are gone: asked for one by one, Graph says that they were deleted or do not exist, and it shows others of their channels", 2);

    lacking_and_deleted: Row::new("The list lacks a message, and by itself it has the time of its deletion.")
        .script(|tenant| {
            let deleted = tenant.world().messages.iter().find(|message| message.deleted.is_some());
            let without = Action::Without(vec![deleted.expect("a message").id.clone()]);
            vec![always(&list_of(tenant, "Finance"), without)]
        })
        .note("messages", "graph", "the audit log lists messages that are gone: asked for one by one, Graph says that they were deleted or do not exist, and it shows others of their channels", 2)
        .heals();

    lacking_and_forbidden: Row::new("The list lacks a message, and it is forbidden (403) by itself.")
        .script(|tenant| lonely_is(tenant, Some(refusal(403, "UnknownError", ""))))
        .gap("messages", "graph", "the audit log lists messages in the team Finance that were not read: channel messages: refused without a reason (HTTP 403 UnknownError)…", 1)
        .heals();

    lacking_and_broken: Row::new("The list lacks a message, and asked for by itself it comes without an id.")
        .script(|tenant| lonely_is(tenant, Some(body(200, "{}".to_owned()))))
        .gap("messages", "graph", "the audit log lists messages in the team Finance that were not read: channel messages: the answer is not what Graph sends", 1)
        .heals();

    nothing_of_a_team: Row::new("The list of a team is empty, and each of its messages is not found (404) by itself.")
        .script(|tenant| {
            let singly = format!("/teams/{}/channels/[^/]*/messages/", team(tenant.world(), "Fabrikam joint"));
            vec![
                always(&list_of(tenant, "Fabrikam joint"), empty()),
                always(&singly, refusal(404, "NotFound", "NotFound")),
            ]
        })
        .note("messages", "graph", "users: not found", 1)
        .gap("messages", "graph", "the audit log lists messages in the team Fabrikam joint that were not read: asked for one by one, Graph answers 404, but it shows no other message of their channels either, so these may be closed to it; when they can be read, a new case shows them", 4)
        .heals();

    a_token_is_refused_once: Row::new("The token for a second page is refused once (400).")
        .options(short_pages())
        .script(|_| vec![Fault::on(Service::Graph, "skiptoken", refusal(400, "BadRequest", "Invalid skip token."))])
        .heals();

    every_token_is_refused: Row::new("The token for every second page of messages is refused (400).")
        .options(short_pages())
        .script(|_| vec![always("getallMessages.*skiptoken", refusal(400, "BadRequest", "Invalid continuation token"))])
        .gap("messages", "graph", "channel messages: the list broke off at a later page, and again when it was read anew (HTTP 400 BadRequest: \"Invalid continuation token\"); what was read so far is kept, and the same command reads it anew", 2)
        .gap("messages", "graph", "the audit log lists messages in the team R&D \"Projects\" | 2026 that were not read: asked for one by one, Graph answers 404, as it does for a reply whose first message nothing names, and the list of the team's messages is not whole; run the same command again later", 1)
        .heals();

    a_token_is_gone: Row::new("The tokens for second pages of messages are gone (410), and days later they have run out.")
        .options(short_pages())
        .script(|_| vec![always("getallMessages.*skiptoken", refusal(410, "SyncStateNotFound", "gone"))])
        .gap("messages", "graph", "channel messages: the list broke off at a later page, and again when it was read anew (HTTP 410 SyncStateNotFound: \"gone\"); what was read so far is kept, and the same command reads it anew", 2)
        .gap("messages", "graph", "the audit log lists messages in the team R&D \"Projects\" | 2026 that were not read: asked for one by one, Graph answers 404, as it does for a reply whose first message nothing names, and the list of the team's messages is not whole; run the same command again later", 1)
        .between(Tenant::expire_pages)
        .heals();

    a_token_runs_out: Row::new("Every second page of messages fails (501), and days later its token has run out.")
        .options(short_pages())
        .script(|_| vec![always("getallMessages.*skiptoken", refusal(501, "NotImplemented", "Not now"))])
        .gap("messages", "graph", "the audit log lists messages in the team Finance that were not read: channel messages: HTTP 501 NotImplemented: \"Not now\"", 8)
        .gap("messages", "graph", "the audit log lists messages in the team R&D \"Projects\" | 2026 that were not read: channel messages: HTTP 501 NotImplemented: \"Not now\"", 4)
        .between(Tenant::expire_pages)
        .heals();

    no_message_names_its_channel: Row::new("No message names its channel (`channelIdentity` is null).")
        .script(|_| vec![always("getAllMessages", Action::Items("channelIdentity", Value::Null))])
        .heals();

    no_unlisted_message_names_its_channel: Row::new("No message names its channel, and all messages are wanted (`--channels all`).")
        .arguments(&["--channels", "all"])
        .script(|_| vec![always("getAllMessages", Action::Items("channelIdentity", Value::Null))])
        .gap("messages", "graph", "messages for which Graph names no channel were left out, since the audit log does not tell where they stand", 4);

    a_permission_is_missing: Row::new("A permission is missing (403, as Graph words it).")
        .script(|_| vec![always("getAllMessages", refusal(403, "Forbidden", "Missing role permissions on the request. API requires one of 'ChannelMessage.Read.All'."))])
        .note("messages", "graph", "users: not found", 1)
        .gap("messages", "graph", "the audit log lists messages in the team Finance that were not read: channel messages: not permitted (HTTP 403); grant the application ChannelMessage.Read.All", 10)
        .gap("messages", "graph", "the audit log lists messages in the team R&D \"Projects\" | 2026 that were not read: channel messages: not permitted (HTTP 403); grant the application ChannelMessage.Read.All", 8)
        .gap("messages", "graph", "the audit log lists messages in the team Fabrikam joint that were not read: channel messages: not permitted (HTTP 403); grant the application ChannelMessage.Read.All", 4)
        .sends("graph", 1..=22)
        .heals();

    a_refusal_without_a_word: Row::new("403 without a word (`UnknownError`).")
        .script(|_| vec![always("getAllMessages", refusal(403, "UnknownError", ""))])
        .note("messages", "graph", "users: not found", 1)
        .gap("messages", "graph", "the audit log lists messages in the team Finance that were not read: channel messages: refused without a reason (HTTP 403 UnknownError), as when the application lacks ChannelMessage.Read.All or an administrator's consent to it, or when a service behind Graph fails; check the permission, then run the same command again", 10)
        .gap("messages", "graph", "the audit log lists messages in the team R&D \"Projects\" | 2026 that were not read: channel messages: refused without a reason (HTTP 403 UnknownError), as when the application lacks ChannelMessage.Read.All or an administrator's consent to it, or when a service behind Graph fails; check the permission, then run the same command again", 8)
        .gap("messages", "graph", "the audit log lists messages in the team Fabrikam joint that were not read: channel messages: refused without a reason (HTTP 403 UnknownError), as when the application lacks ChannelMessage.Read.All or an administrator's consent to it, or when a service behind Graph fails; check the permission, then run the same command again", 4)
        .heals();

    a_licence_is_missing: Row::new("A user has no licence for Teams (403).")
        .script(|tenant| {
            let user = &tenant.world().users[0].id;
            let words = "Failed to get license information for the user. Ensure user has a valid Office365 license assigned to them.";
            vec![always(&format!("/users/{user}/joinedTeams"), refusal(403, "Forbidden", words))]
        })
        .gap("teams", "graph", "joined teams: not licensed (HTTP 403 Forbidden: \"Failed to get license information for the user. Ensure user has a valid Office365 license assigned to them.\"); a licence for Teams is missing or used up, and no permission replaces it", 1)
        .heals();

    payment_is_required: Row::new("Payment is required (402).")
        .script(|_| vec![always("getAllMessages", refusal(402, "PaymentRequired", "Evaluation capacity has been exceeded."))])
        .note("messages", "graph", "users: not found", 1)
        .gap("messages", "graph", "the audit log lists messages in the team Finance that were not read: channel messages: not licensed (HTTP 402 PaymentRequired: \"Evaluation capacity has been exceeded.\"); a licence for Teams is missing or used up, and no permission replaces it", 10)
        .gap("messages", "graph", "the audit log lists messages in the team R&D \"Projects\" | 2026 that were not read: channel messages: not licensed (HTTP 402 PaymentRequired: \"Evaluation capacity has been exceeded.\"); a licence for Teams is missing or used up, and no permission replaces it", 8)
        .gap("messages", "graph", "the audit log lists messages in the team Fabrikam joint that were not read: channel messages: not licensed (HTTP 402 PaymentRequired: \"Evaluation capacity has been exceeded.\"); a licence for Teams is missing or used up, and no permission replaces it", 4)
        .heals();

    a_service_behind_graph_fails: Row::new("A service behind Graph fails (403 `AccessDenied`).")
        .script(|_| vec![always("getAllMessages", refusal(403, "AccessDenied", "Exception in GetUserAppDefinitionsAsync"))])
        .note("messages", "graph", "users: not found", 1)
        .gap("messages", "graph", "the audit log lists messages in the team Finance that were not read: channel messages: refused (HTTP 403 AccessDenied: \"Exception in GetUserAppDefinitionsAsync\"); Graph names no missing permission, so a service behind it may have failed: run the same command again later", 10)
        .gap("messages", "graph", "the audit log lists messages in the team R&D \"Projects\" | 2026 that were not read: channel messages: refused (HTTP 403 AccessDenied: \"Exception in GetUserAppDefinitionsAsync\"); Graph names no missing permission, so a service behind it may have failed: run the same command again later", 8)
        .gap("messages", "graph", "the audit log lists messages in the team Fabrikam joint that were not read: channel messages: refused (HTTP 403 AccessDenied: \"Exception in GetUserAppDefinitionsAsync\"); Graph names no missing permission, so a service behind it may have failed: run the same command again later", 4)
        .heals();

    a_team_is_blocked: Row::new("A team is blocked (403).")
        .script(|tenant| vec![always(&list_of(tenant, "Fabrikam joint"), refusal(403, "Forbidden", "The team is blocked."))])
        .note("messages", "graph", "users: not found", 1)
        .gap("messages", "graph", "the audit log lists messages in the team Fabrikam joint that were not read: channel messages: closed to every application (HTTP 403 Forbidden: \"The team is blocked.\"): blocked, or barred by its own list of rights; no permission opens it, so ask in Teams' admin centre what holds it closed", 4);

    a_chat_bars_the_application: Row::new("The messages of every chat are barred by its list of rights (403 `AclCheckFailed`).")
        .script(|_| vec![always("/chats/[^/]*/messages", refusal(403, "Forbidden", "AclCheckFailed-Make sure the caller is in the roster"))])
        .gap("chats", "graph", "chat messages: closed to every application (HTTP 403 Forbidden: \"AclCheckFailed-Make sure the caller is in the roster\"): blocked, or barred by its own list of rights; no permission opens it, so ask in Teams' admin centre what holds it closed", 5)
        .heals();

    an_application_is_not_installed: Row::new("The application may read only the teams that it is installed in (403 `NotEnoughPrivileges`).")
        .script(|_| vec![always("getAllMessages", refusal(403, "Forbidden", "NotEnoughPrivileges"))])
        .note("messages", "graph", "users: not found", 1)
        .gap("messages", "graph", "the audit log lists messages in the team Finance that were not read: channel messages: the application may read only the teams and chats that it is installed in, and this is none of them (HTTP 403 Forbidden: \"NotEnoughPrivileges\"); install it there, or grant it ChannelMessage.Read.All for the whole tenant", 10)
        .gap("messages", "graph", "the audit log lists messages in the team R&D \"Projects\" | 2026 that were not read: channel messages: the application may read only the teams and chats that it is installed in, and this is none of them (HTTP 403 Forbidden: \"NotEnoughPrivileges\"); install it there, or grant it ChannelMessage.Read.All for the whole tenant", 8)
        .gap("messages", "graph", "the audit log lists messages in the team Fabrikam joint that were not read: channel messages: the application may read only the teams and chats that it is installed in, and this is none of them (HTTP 403 Forbidden: \"NotEnoughPrivileges\"); install it there, or grant it ChannelMessage.Read.All for the whole tenant", 4)
        .heals();

    a_thread_of_another_tenant: Row::new("The messages of every chat are in another tenant (403).")
        .script(|_| vec![always("/chats/[^/]*/messages", refusal(403, "Forbidden", "The thread is not in this tenant."))])
        .note("chats", "graph", "chat messages: belongs to another tenant, and only that one can read it (HTTP 403 Forbidden: \"The thread is not in this tenant.\")", 5);

    chats_of_another_tenant: Row::new("Another tenant owns all chats.")
        .script(|_| vec![always("/users/[^/]*/chats", Action::Items("tenantId", json!(ELSEWHERE)))])
        .note("chats", "graph", "chats that another tenant owns were not listed: only that tenant can read them whole", 4);

    no_chats: Row::new("The chats of every user are not found (404).")
        .script(|_| vec![always("/users/[^/]*/chats", Action::status(404))])
        .gap("chats", "graph", "chats: no such list (HTTP 404), although its owner is named elsewhere; the account may be new, or without a licence for Teams; run the same command again later", 4)
        .heals();

    no_messages_of_chats: Row::new("Messages and members of every chat are not found (404).")
        .script(|_| vec![always("/chats/19[^/]*/", Action::status(404))])
        .gap("chats", "graph", "chat messages: no such list (HTTP 404), although its owner is named elsewhere; the chat may be deleted; run the same command again later", 4)
        .gap("chats", "graph", "messages that Defender's log names: asked for one by one, Graph answers 404, but it shows no other message of their channels or chats either, so these may be closed to it; when they can be read, a new case shows them", 1)
        .heals();

    no_members_of_chats: Row::new("The members of every chat are not found (404).")
        .script(|_| vec![always("/chats/19[^/]*/members", Action::status(404))])
        .gap("chats", "graph", "chat members: no such list (HTTP 404), although its owner is named elsewhere; the chat may be deleted; run the same command again later", 4)
        .heals();

    an_hour_to_wait: Row::new("Graph asks to wait an hour (429, `Retry-After: 3600`).")
        .script(|_| vec![always("/joinedTeams", Action::retry_after(429, "3600"))])
        .gap("teams", "graph", "joined teams: throttled: Graph asked to wait 60 minutes, and no more than 15 are waited in all; run the same command again later", 5)
        .gap("teams", "graph", "associated teams: throttled: Graph asked to wait 60 minutes, and no more than 15 are waited in all; run the same command again later", 5)
        .gap("teams", "graph", "teams: throttled: Graph asked to wait 60 minutes, and no more than 15 are waited in all; run the same command again later", 2)
        .heals();

    an_hour_to_wait_for_the_users: Row::new("Graph asks to wait an hour when users are looked up (429, `Retry-After: 3600`), and no more is asked under that limit.")
        .script(|_| vec![always(r"/users/[^/]*\?", Action::retry_after(429, "3600"))])
        .gap("teams", "graph", "users: throttled: Graph asked to wait 60 minutes, and no more than 15 are waited in all; run the same command again later", 7)
        .gap("messages", "graph", "users: throttled: Graph asked to wait 60 minutes, and no more than 15 are waited in all; run the same command again later", 6)
        .gap("chats", "graph", "chats: throttled: Graph asked to wait 60 minutes, and no more than 15 are waited in all; run the same command again later", 6)
        .gap("chats", "graph", "chat members: throttled: Graph asked to wait 60 minutes, and no more than 15 are waited in all; run the same command again later", 1)
        .gap("teams", "graph", "joined teams: no such list (HTTP 404), although its owner is named elsewhere; the account may be new, or without a licence for Teams; run the same command again later", 1)
        .gap("teams", "graph", "associated teams: no such list (HTTP 404), although its owner is named elsewhere; the account may be new, or without a licence for Teams; run the same command again later", 1)
        .heals();

    an_hour_to_wait_for_one_chat: Row::new("Graph asks to wait an hour with the messages of one chat (429, `Retry-After: 3600`).")
        .script(|tenant| vec![always(&format!("/chats/{}/messages", tenant.world().chats[0].id), Action::retry_after(429, "3600"))])
        .gap("chats", "graph", "chat messages: throttled: Graph asked to wait 60 minutes, and no more than 15 are waited in all; run the same command again later", 2)
        .heals();

    a_page_of_a_gateway: Row::new("A gateway answers with its own page (200, HTML).")
        .script(|tenant| vec![always(&list_of(tenant, "Fabrikam joint"), Action::Html)])
        .gap("messages", "graph", "channel messages: the answer is not what Graph sends", 1)
        .heals();

    a_chat_of_nobody: Row::new("The list of members of a chat that holds messages is empty.")
        .script(|_| vec![always("/members", empty())])
        .gap("chats", "graph", "chat members: Graph lists nobody in a chat that holds messages; run the same command again later", 4)
        .heals();
    an_empty_body: Row::new("An answer has no body (200).")
        .script(|tenant| vec![always(&list_of(tenant, "Fabrikam joint"), body(200, String::new()))])
        .gap("messages", "graph", "channel messages: the answer is not what Graph sends", 1)
        .heals();

    half_a_body: Row::new("An answer is cut in the middle, and looks whole (200).")
        .script(|tenant| vec![always(&list_of(tenant, "Fabrikam joint"), Action::HalfJson)])
        .gap("messages", "graph", "channel messages: the answer is not what Graph sends", 1)
        .heals();

    pages_go_round: Row::new("The pages of a list go round in a circle.")
        .script(|tenant| vec![always(&list_of(tenant, "Fabrikam joint"), Action::NextLinkLoop)])
        .gap("messages", "graph", "channel messages: the pages go round in a circle; what was read so far is kept", 1);

    another_team_shares_a_channel: Row::new("Nothing: a team that a user has not joined shares a channel, another tenant owns a chat and a team.")
        .world(World::shared)
        .heals();
}
