//! A message as Microsoft Graph gives it, cards and attachments too, and the other objects it is asked for.

#![no_main]

use libfuzzer_sys::fuzz_target;
use linktrail::link::{Body, extract};
use linktrail::source::msgraph::{ChannelInfo, ChatInfo, ChatMessage, Member, TeamInfo, UserInfo};

fuzz_target!(|json: &str| {
    if let Ok(message) = serde_json::from_str::<ChatMessage>(json) {
        let content = message
            .body
            .as_ref()
            .and_then(|body| body.content.as_deref());
        let body = Body {
            html: true,
            content,
        };
        extract(body, &message.attachments);
    }
    let _ = serde_json::from_str::<UserInfo>(json);
    let _ = serde_json::from_str::<TeamInfo>(json);
    let _ = serde_json::from_str::<ChannelInfo>(json);
    let _ = serde_json::from_str::<ChatInfo>(json);
    let _ = serde_json::from_str::<Member>(json);
});
