//! An order on its way from a service that stands by to the one that leads, as text.

use serde::{Deserialize, Serialize};

use super::{LONGEST, Order, OrderBody, Request};
use crate::{foreign::typed, model::TenantName};

/// As it is written. What a newer program adds is not understood, and so refused.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OrderText {
    order: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    body: OrderBody,
}

impl Order {
    /// As another service of the same journal reads it, with who gave it.
    #[must_use]
    pub fn to_text(&self, by: &str) -> String {
        let (_, body) = self.as_sent(by);
        let tenant = self.tenant().map(ToString::to_string);
        let text = OrderText { order: self.verb().to_owned(), tenant, body };
        // Maps with names for keys and times: there is nothing that JSON cannot say.
        serde_json::to_string(&text).unwrap_or_default()
    }

    /// What another service has written, with who gave it. The error says why it cannot be carried out.
    pub fn of_text(text: &str) -> Result<(Self, String), String> {
        let read: Result<OrderText, _> = serde_json::from_str(text);
        let OrderText { order, tenant, body } =
            read.map_err(|error| format!("the order is not understood: {error}"))?;
        let by = typed(body.by.as_deref().unwrap_or("somebody"), LONGEST);
        let tenant = tenant.as_deref().map(TenantName::parse).transpose()?;
        let order = match (order.as_str(), tenant, body.reason) {
            ("reconcile", tenant, _) => Self::Reconcile { tenant },
            ("suspend", Some(tenant), Some(reason)) => {
                Self::Suspend { tenant, reason: typed(&reason, LONGEST), until: body.until }
            }
            ("resume", Some(tenant), _) => Self::Resume { tenant },
            (order, ..) => return Err(format!("the order `{}` is not known", typed(order, 20))),
        };
        Ok((order, by))
    }
}

impl Request {
    /// As another service of the same journal reads it.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The other service has answered: what became of it there became of it here.
    pub fn answered(&mut self, text: &str) {
        match serde_json::from_str::<Self>(text) {
            Ok(answer) => {
                let Self { id, order, tenant, by, at, .. } = self.clone();
                *self = Self { id, order, tenant, by, at, ..answer };
            }
            Err(error) => self.refuse(
                format!("the answer of the service that leads is not understood: {error}"),
                "see what became of it with `dialplane status` and `dialplane why`",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::control::RequestState;

    fn orders() -> Result<Vec<Order>, String> {
        let tenant = TenantName::parse("contoso")?;
        let until = Some(Timestamp::MAX);
        let reason = "the vendor \"moves\" them".to_owned();
        Ok(vec![
            Order::Reconcile { tenant: None },
            Order::Reconcile { tenant: Some(tenant.clone()) },
            Order::Suspend { tenant: tenant.clone(), reason: reason.clone(), until },
            Order::Suspend { tenant: tenant.clone(), reason, until: None },
            Order::Resume { tenant },
        ])
    }

    #[test]
    fn an_order_arrives_as_it_was_given() -> Result<(), String> {
        for order in orders()? {
            let text = order.to_text("ada@desk");
            assert_eq!(Order::of_text(&text)?, (order, "ada@desk".to_owned()));
        }
        Ok(())
    }

    #[test]
    fn what_is_not_understood_is_no_order() {
        for text in [
            "",
            "{}",
            r#"{"order":"stop","body":{}}"#,
            r#"{"order":"suspend","tenant":"contoso","body":{}}"#,
            r#"{"order":"resume","body":{}}"#,
            r#"{"order":"resume","tenant":"a b","body":{}}"#,
            r#"{"order":"reconcile","only":"users","body":{}}"#,
        ] {
            assert!(Order::of_text(text).is_err(), "{text}");
        }
        let planted = r#"{"order":"reconcile","body":{"by":"a\u001b[2Jb"}}"#;
        let by = Order::of_text(planted).map(|(_, by)| by);
        assert!(by.is_ok_and(|by| !by.contains('\u{1b}')));
    }

    #[test]
    fn an_answer_keeps_who_asked_and_when() {
        let all = Order::Reconcile { tenant: None };
        let new = |id: &str, by: &str| {
            Request::new(id.to_owned(), &all, by.to_owned(), Timestamp::UNIX_EPOCH)
        };
        let mut answer = new("there-7", "somebody");
        answer.done("2 tenants looked at");
        let mut asked = new("here-1", "ada@desk");
        asked.answered(&answer.to_text());
        assert_eq!((asked.id.as_str(), asked.by.as_str()), ("here-1", "ada@desk"));
        assert_eq!((asked.state, asked.message), (RequestState::Done, answer.message));
        let mut asked = new("here-2", "ada@desk");
        asked.answered("nonsense");
        assert_eq!(asked.state, RequestState::Refused);
    }
}
