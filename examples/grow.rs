//! Makes a large case of a recorded one, so that replays, reports and exports can be measured at any size without a
//! tenant: `cargo run --release --example grow -- CASE OUT MESSAGES`.
//!
//! CASE is a case that was loaded with `linktrail load --demo --no-neo4j --case CASE`. Only records are made; the graph
//! is what `linktrail load --replay --no-neo4j --case OUT` makes of them. The new messages stand in new channels of the
//! teams of CASE and come from new users; seven in ten hold a link to a file of the tenant itself, the others one that
//! providers know already.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use linktrail::intel;
use linktrail::journal::{Answer, Body, JournalReader, JournalWriter, Method, Record, Request};
use linktrail::model::{Source, format_time};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};
use url::Url;

/// The number of messages on a page of Microsoft Graph.
const PAGE: usize = 50;
/// The number of rows of an answer of Log Analytics, above which the service cuts it.
const MOST_ROWS: usize = 200_000;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [case, out, messages] = &arguments[..] else {
        bail!("usage: grow CASE OUT MESSAGES");
    };
    let (case, out) = (PathBuf::from(case), PathBuf::from(out));
    let messages = messages.parse().context("MESSAGES is a number")?;
    let manifest = std::fs::read_to_string(case.join("case.json"))?;
    let mut manifest: Value = serde_json::from_str(&manifest)?;
    let id = manifest["id"].as_str().context("an id")?.to_owned();
    let world = World::of(&manifest, messages)?;
    std::fs::create_dir_all(out.join("journal"))?;
    let journal = JournalWriter::open(&out.join("journal"), &id)?;
    if journal.records() > 0 {
        bail!("{} holds a case already", out.display());
    }
    let mut growth = Growth {
        world,
        journal,
        seed: Seed::read(&case, &id)?,
    };
    growth.write()?;
    growth.journal.sync()?;
    for name in ["generation", "gaps", "notes"] {
        manifest.as_object_mut().context("an object")?.remove(name);
    }
    manifest["format"] = 2.into();
    manifest["complete"] = false.into();
    manifest["records"] = growth.journal.records().into();
    for state in manifest["stages"]
        .as_object_mut()
        .context("stages")?
        .values_mut()
    {
        *state = "pending".into();
    }
    std::fs::write(
        out.join("case.json"),
        serde_json::to_string_pretty(&manifest)?,
    )?;
    Ok(())
}

/// The made-up part of the tenant.
struct World {
    tenant: String,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    messages: usize,
    users: usize,
    channels: usize,
}

impl World {
    fn of(manifest: &Value, messages: usize) -> Result<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(Self {
            tenant: text(&manifest["options"]["settings"]["tenant"]),
            from: text(&manifest["window"]["from"]).parse()?,
            to: text(&manifest["window"]["to"]).parse()?,
            messages,
            users: (messages / 50).clamp(20, 20_000),
            channels: (messages / 2_000).max(4),
        })
    }

    fn channel(number: usize) -> String {
        format!("19:{number:032x}@thread.tacv2")
    }

    fn user(number: usize) -> String {
        format!("{number:08x}-0000-4000-8000-{number:012x}")
    }

    fn at(&self, message: usize) -> DateTime<Utc> {
        let length = (self.to - self.from).num_milliseconds();
        let part = length as f64 * message as f64 / self.messages as f64;
        self.from + TimeDelta::milliseconds(part as i64)
    }
}

/// The records of the case that is grown, by what they are.
struct Seed {
    /// The list of messages with a link in all teams.
    listing: Record,
    /// The first page of messages of each team.
    first_pages: BTreeMap<String, Record>,
    /// The messages of each team.
    messages: HashMap<String, Vec<Value>>,
    user: Record,
    channel: Record,
    /// Links that the providers were asked about.
    known_links: Vec<String>,
    others: Vec<Record>,
}

impl Seed {
    fn read(case: &Path, id: &str) -> Result<Self> {
        let (mut listing, mut user, mut channel) = (None, None, None);
        let mut first_pages = BTreeMap::new();
        let mut messages: HashMap<String, Vec<Value>> = HashMap::new();
        let (mut known_links, mut others) = (Vec::new(), Vec::new());
        JournalReader::open(&case.join("journal"), id, None)?.each(|record| {
            let path = record.url.to_lowercase();
            let is_listing = record.source == "log_analytics"
                && record
                    .request
                    .as_deref()
                    .unwrap_or_default()
                    .contains("MessageCreatedHasLink");
            if path.contains("/channels/getallmessages?") {
                let body: Value = serde_json::from_str(&record.body).unwrap_or_default();
                for message in body["value"].as_array().into_iter().flatten() {
                    let team = message["channelIdentity"]["teamId"].as_str();
                    let team = team.unwrap_or_default().to_lowercase();
                    messages.entry(team).or_default().push(message.clone());
                }
                if let Some((_, rest)) = record.url.split_once("/teams/") {
                    let team = rest.split('/').next().unwrap_or_default().to_lowercase();
                    first_pages.insert(team, record);
                }
                return;
            }
            if is_listing {
                listing = Some(record);
                return;
            }
            if record.source == "otx" && known_links.len() < 3 {
                let asked = record.url.split("/url/").nth(1);
                let asked = asked.and_then(|rest| rest.strip_suffix("/general"));
                let link = asked.map(|asked| percent_decode_str(asked).decode_utf8_lossy());
                // Those that are harmless, so that the grown case has as many risky messages as the other.
                let is_harmless =
                    |link: &str| link.contains("proseware") || link.contains("litware");
                known_links.extend(link.filter(|link| is_harmless(link)).map(String::from));
            }
            if path.contains("/v1.0/users/") && path.contains("?$select") {
                user.get_or_insert_with(|| record.clone());
            } else if path.contains("/channels/19") && path.contains("?$select") {
                channel.get_or_insert_with(|| record.clone());
            }
            others.push(record);
        })?;
        if known_links.is_empty() {
            known_links.push("https://contoso.sharepoint.com/sites/start".to_owned());
        }
        Ok(Self {
            listing: listing.context("the case lists no messages")?,
            first_pages,
            messages,
            user: user.context("the case looked up no user")?,
            channel: channel.context("the case looked up no channel")?,
            known_links,
            others,
        })
    }
}

struct Growth {
    world: World,
    journal: JournalWriter,
    seed: Seed,
}

impl Growth {
    fn write(&mut self) -> Result<()> {
        for record in &self.seed.others {
            self.append(
                record,
                &record.url,
                record.request.as_deref(),
                record.body.clone(),
            )?;
        }
        let teams: Vec<String> = self.seed.first_pages.keys().cloned().collect();
        let mut pages: HashMap<&String, Pages> = HashMap::new();
        for team in &teams {
            let mut page = Pages::default();
            for message in self.seed.messages.get(team).into_iter().flatten() {
                page.put(self, team, message.clone())?;
            }
            pages.insert(team, page);
        }
        let mut rows = self.listed()?;
        for number in 0..self.world.messages {
            let team = &teams[(number % self.world.channels) % teams.len()];
            rows.push((self.world.at(number), self.row(team, number)));
            let message = self.message(team, number);
            if let Some(page) = pages.get_mut(team) {
                page.put(self, team, message)?;
            }
        }
        for team in &teams {
            if let Some(page) = pages.remove(team) {
                page.end(self, team)?;
            }
        }
        self.put_listing(&rows, self.world.from, self.world.to)?;
        self.put_names(&teams)
    }

    /// The rows of the case that is grown.
    fn listed(&self) -> Result<Vec<(DateTime<Utc>, Value)>> {
        let body: Value = serde_json::from_str(&self.seed.listing.body)?;
        let rows = body["tables"][0]["rows"].as_array().cloned();
        let rows = rows.unwrap_or_default().into_iter();
        rows.map(|row| Ok((row[8].as_str().unwrap_or_default().parse()?, row)))
            .collect()
    }

    fn row(&self, team: &str, number: usize) -> Value {
        let (world, at) = (&self.world, format_time(self.world.at(number)));
        let channel = number % world.channels;
        json!([
            "MessageCreatedHasLink",
            team,
            World::channel(channel),
            message_id(number),
            format!("user{}@contoso.com", number % world.users),
            "Team",
            format!("Channel {channel}"),
            1,
            at,
            at
        ])
    }

    fn message(&self, team: &str, number: usize) -> Value {
        let world = &self.world;
        let (id, at) = (message_id(number), format_time(world.at(number)));
        let channel = World::channel(number % world.channels);
        let user = number % world.users;
        let known = &self.seed.known_links;
        let link = match number % 10 {
            0..=2 => known[number % known.len()].clone(),
            _ => format!(
                "https://contoso.sharepoint.com/sites/s{}/Shared%20Documents/report-{number}.docx?web=1",
                number % 97
            ),
        };
        let rest = "x".repeat(number % 200);
        json!({
            "@odata.type": "#microsoft.graph.chatMessage",
            "attachments": [],
            "body": {"contentType": "html", "content": format!(
                "<div><div>Please look at <a href=\"{link}\" title=\"{link}\">the document</a> before the meeting on Tuesday. {rest}</div></div>"
            )},
            "channelIdentity": {"channelId": channel, "teamId": team},
            "createdDateTime": at,
            "from": {"user": {
                "displayName": format!("User {user}"),
                "id": World::user(user),
                "tenantId": world.tenant,
                "userIdentityType": "aadUser",
            }},
            "id": id,
            "importance": "normal",
            "lastModifiedDateTime": at,
            "messageType": "message",
            "webUrl": format!(
                "https://teams.microsoft.com/l/message/{}/{id}?groupId={team}&tenantId={}&createdTime={id}&parentMessageId={id}",
                utf8_percent_encode(&channel, NON_ALPHANUMERIC), world.tenant
            ),
        })
    }

    /// The answer for a part of the window; one that is too long is cut, and both halves are asked for again.
    fn put_listing(
        &self,
        rows: &[(DateTime<Utc>, Value)],
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<()> {
        let listing = &self.seed.listing;
        let is_whole = (from, to) == (self.world.from, self.world.to);
        let within: Vec<&Value> = rows
            .iter()
            .filter(|(at, _)| is_whole || (from <= *at && *at < to))
            .map(|(_, row)| row)
            .collect();
        let datetime = |at| format!("datetime({})", format_time(at));
        let request = listing.request.clone().unwrap_or_default();
        let request = request
            .replace(&datetime(self.world.from), &datetime(from))
            .replace(&datetime(self.world.to), &datetime(to));
        let mut body: Value = serde_json::from_str(&listing.body)?;
        if within.len() <= MOST_ROWS {
            body["tables"][0]["rows"] = within.into_iter().cloned().collect();
            return self.append(listing, &listing.url, Some(&request), body.to_string());
        }
        body["tables"][0]["rows"] = json!([]);
        body["error"] = json!({"code": "PartialError", "message": "Something was left out.", "details": [
            {"code": "EngineError", "innererror": {"code": "-2133196797", "message": "E_QUERY_RESULT_SET_TOO_LARGE"}}
        ]});
        self.append(listing, &listing.url, Some(&request), body.to_string())?;
        let half = from + (to - from) / 2;
        let minute = TimeDelta::minutes(1).num_milliseconds();
        let past = half.timestamp_millis().rem_euclid(minute);
        let middle = half - TimeDelta::milliseconds(past);
        self.put_listing(rows, from, middle)?;
        self.put_listing(rows, middle, to)
    }

    /// The names of the new channels and users.
    fn put_names(&self, teams: &[String]) -> Result<()> {
        let (user, channel) = (&self.seed.user, &self.seed.channel);
        let (host, _) = channel.url.split_once("/teams/").context("a channel")?;
        let (_, select) = channel.url.split_once("?$select").context("a channel")?;
        for number in 0..self.world.channels {
            let (team, id) = (&teams[number % teams.len()], World::channel(number));
            let url = format!("{host}/teams/{team}/channels/{id}?$select{select}");
            let name = format!("Channel {number}");
            let body = json!({"id": id, "displayName": name, "membershipType": "standard"});
            self.append(channel, &url, None, body.to_string())?;
        }
        let (_, select) = user.url.split_once("?$select").context("a user")?;
        for number in 0..self.world.users.min(self.world.messages) {
            let id = World::user(number);
            let url = format!("{host}/users/{id}?$select{select}");
            let upn = format!("user{number}@contoso.com");
            let body = json!({"id": id, "displayName": format!("User {number}"),
                "mail": upn, "userPrincipalName": upn, "userType": "Member"});
            self.append(user, &url, None, body.to_string())?;
        }
        Ok(())
    }

    /// Adds a record like another one.
    fn append(&self, like: &Record, url: &str, request: Option<&str>, body: String) -> Result<()> {
        let provider = || intel::spec(&like.source).map(|spec| Source::Provider(spec.name));
        let source = Source::parse(&like.source).or_else(provider);
        let source = source.context("a known source")?;
        let url = Url::parse(url)?;
        let request = match (like.method, request) {
            (Method::Post, Some(text)) => {
                let body = Body {
                    content_type: "application/json",
                    text: text.to_owned(),
                };
                Request::post(source, url, body)
            }
            _ => Request::get(source, url),
        };
        let answer = Answer::Response {
            status: like.status.unwrap_or(200),
            headers: like.headers.clone(),
            body,
        };
        self.journal.append(&request, like.at, answer)?;
        Ok(())
    }
}

fn message_id(number: usize) -> String {
    (1_790_000_000_000 + number).to_string()
}

/// The pages of messages of a team.
#[derive(Default)]
struct Pages {
    count: usize,
    messages: Vec<Value>,
}

impl Pages {
    fn put(&mut self, growth: &Growth, team: &str, message: Value) -> Result<()> {
        self.messages.push(message);
        if self.messages.len() == PAGE {
            self.write(growth, team, true)?;
        }
        Ok(())
    }

    fn end(mut self, growth: &Growth, team: &str) -> Result<()> {
        self.write(growth, team, false)
    }

    fn write(&mut self, growth: &Growth, team: &str, goes_on: bool) -> Result<()> {
        let first = &growth.seed.first_pages[team];
        let (host, _) = first.url.split_once("/teams/").context("a page")?;
        let page = |number: usize| match number {
            0 => first.url.clone(),
            number => format!(
                "{host}/teams('{team}')/channels/getallMessages?$top=50&$skiptoken={number:08}"
            ),
        };
        let mut body = json!({"value": std::mem::take(&mut self.messages)});
        if goes_on {
            body["@odata.nextLink"] = page(self.count + 1).into();
        }
        growth.append(first, &page(self.count), None, body.to_string())?;
        self.count += 1;
        Ok(())
    }
}
