//! The messages of a chat, sorted by the service where it can, and filtered here where it cannot.

use super::problem::Subject;
use super::{
    ChatMessage, Graph, PAGE, Problem, Recorded, answer, changed_between, limits, with_all_types,
};
use crate::http::Failure;
use crate::journal::Request;
use crate::model::Window;

/// How the messages of a chat were read.
#[derive(Debug)]
pub struct ChatRead {
    /// Why the list is incomplete; `None` when all of it was read.
    pub problem: Option<Problem>,
    /// Graph refused to sort and filter them, so that they were asked for without that and filtered here.
    pub is_sorting_refused: bool,
}

impl Graph {
    /// The messages of a chat that changed in this time. `digest` is called with each on any thread, and `visit` with
    /// its results in the order of the list.
    ///
    /// Where Graph does not sort them it does not filter them either. They are then asked for without both, and
    /// filtered here.
    ///
    /// # Errors
    /// When no request can be made at all.
    pub async fn chat_messages<M: Send + 'static>(
        &self,
        chat: &str,
        changed: Window,
        digest: impl Fn(Recorded<ChatMessage>) -> M + Clone + Send + 'static,
        mut visit: impl FnMut(M),
    ) -> Result<ChatRead, Failure> {
        let path = ["chats", chat, "messages"];
        let subject = Subject::CHAT_MESSAGES;
        let top = ("$top", PAGE.to_string());
        let list = |query: &[(&str, String)]| {
            with_all_types(self.list(&path, query, limits::chat_messages(chat)))
        };
        let unsorted = list(std::slice::from_ref(&top));
        // The service ignores the filter unless $orderby has the same property.
        let sorted = self.cloud.sorts_chat_messages().then(|| Request {
            is_answer: answer::is_page_or_refusal_of_options,
            ..list(&[
                top,
                ("$orderby", "lastModifiedDateTime desc".to_owned()),
                ("$filter", changed_between(changed)),
            ])
        });
        let first_choice = sorted.as_ref().unwrap_or(&unsorted);
        if let Err(problem) = self.reach.chat_messages()
            && self.journal.on_record(first_choice)?.is_none()
        {
            return Ok(ChatRead {
                problem: Some(problem),
                is_sorting_refused: false,
            });
        }
        let is_sorted = sorted.is_some();
        if let Some(request) = sorted {
            let first = self.client.send(&request).await?;
            if !answer::is_refusal_of_options(&first.answer) {
                let pages = self.pages(request, subject, Some(first), None, digest, &mut visit);
                return Ok(ChatRead {
                    problem: pages.await?,
                    is_sorting_refused: false,
                });
            }
        }
        let digest = move |message: Recorded<ChatMessage>| {
            let at = message.value.last_modified_date_time;
            let is_wanted = at.is_none_or(|at| changed.contains(at));
            is_wanted.then(|| digest(message))
        };
        let mut visit = |message: Option<M>| message.into_iter().for_each(&mut visit);
        let from = Some(changed.from);
        let pages = self.pages(unsorted, subject, None, from, digest, &mut visit);
        Ok(ChatRead {
            problem: pages.await?,
            is_sorting_refused: is_sorted,
        })
    }

    /// The messages that people of other tenants sent to a user and that changed in this time, in all chats of the
    /// user, those among them that another tenant owns. `digest` is called with each on any thread, and `visit` with
    /// its results in the order of the list. What the user answered is not among them.
    ///
    /// # Errors
    /// When no request can be made at all.
    pub async fn messages_from_outside<M: Send + 'static>(
        &self,
        user: &str,
        changed: Window,
        digest: impl Fn(Recorded<ChatMessage>) -> M + Clone + Send + 'static,
        mut visit: impl FnMut(M),
    ) -> Result<Option<Problem>, Failure> {
        let filter = format!(
            "{} and from/user/userIdentityType eq 'federatedUser'",
            changed_between(changed)
        );
        let query = [("$top", PAGE.to_string()), ("$filter", filter)];
        let path = ["users", user, "chats", "getAllMessages"];
        let request = with_all_types(self.list(&path, &query, limits::all_messages_of(user)));
        if let Err(problem) = self.reach.messages_from_outside()
            && self.journal.on_record(&request)?.is_none()
        {
            return Ok(Some(problem));
        }
        let subject = Subject::CHAT_MESSAGES;
        self.pages(request, subject, None, None, digest, &mut visit)
            .await
    }
}
