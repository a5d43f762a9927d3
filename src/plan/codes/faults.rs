//! What each kind of failed call means.

use super::CodeText;
use crate::model::FaultKind;

/// Its text.
pub(super) const fn text(kind: FaultKind) -> CodeText {
    match kind {
        FaultKind::Auth => CodeText {
            means: "the service did not accept who we are",
            arises: "The login or the token was refused, also after a fresh one, or the account \
                may not do this (401, 403). A write was not carried out.",
            remedy: "Check the credentials with `dialplane doctor`, and what the account may do.",
            example: "log in at login.example.com: the credentials were refused",
        },
        FaultKind::Rejected => CodeText {
            means: "the service refused this call",
            arises: "It answered that it does not do it: a value that it does not take, a user \
                that it does not know. A write was not carried out, by its own words.",
            remedy: "Read the service's words in the message, and correct the manifest or the \
                settings.",
            example: "enable calling of adele@contoso.com: the service refused it: no licence",
        },
        FaultKind::Throttled => CodeText {
            means: "there were too many calls, even after waiting as told",
            arises: "The service answered 429, or asked for a wait, more often than is waited for, or \
                lets so few calls through that this one's turn did not come within two minutes.",
            remedy: "Run again later. For fewer calls at a time, lower `execution.readers`, \
                `execution.tenants` and `execution.usersPerTenant`.",
            example: "list the users of contoso: too many calls",
        },
        FaultKind::Unreachable => CodeText {
            means: "no connection could be made, so nothing was sent",
            arises: "The name is unknown, nobody listens there, the certificate is not trusted, or \
                the network is down.",
            remedy: "Check the address, the proxy and the network with `dialplane doctor`. Running \
                again is safe.",
            example: "no connection to api.example.com:443",
        },
        FaultKind::NoAnswer => CodeText {
            means: "the call was sent, and no answer came",
            arises: "A time limit passed, or the connection broke. A write may have been carried \
                out: it is not sent again before a look decides it.",
            remedy: "Run again: a look at live state decides what became of a write.",
            example: "disable calling of adele@contoso.com: no answer within 30 s",
        },
        FaultKind::Server => CodeText {
            means: "the service failed while it handled the call",
            arises: "It answered 5xx. A write may have been carried out.",
            remedy: "Run again later: a look at live state decides what became of a write. If it \
                stays, ask the vendor.",
            example: "the service failed: HTTP 500",
        },
        FaultKind::Garbled => CodeText {
            means: "an answer came that is not understood",
            arises: "It is not JSON, has other types than expected, is too large, or says both yes \
                and no of a write. A write may have been carried out.",
            remedy: "Check that the address is the API's, and the endpoint's settings.",
            example: "the answer is not JSON",
        },
        FaultKind::NotConfigured => CodeText {
            means: "the settings do not say how to make this call",
            arises: "The endpoint is not set, or lacks what this call needs. Nothing was sent.",
            remedy: "Set what the message names in the configuration.",
            example: "`connectToTeams.endpoints.sync` is not set",
        },
        FaultKind::SecretMissing => CodeText {
            means: "a secret of the user could not be had, so nothing was sent",
            arises: "The user is to be set up, and a source under `userSecrets` gave nothing for \
                it: no such file, a command that failed, a name that the settings do not have.",
            remedy: "See that the source that the message names gives the user's secret. The other \
                users go on.",
            example: "set up adele@contoso.com in contoso: no password could be had: file \
                secrets/adele@contoso.com: not found",
        },
        FaultKind::Stopped => CodeText {
            means: "everything is stopped, so nothing was sent",
            arises: "The stop switch was found on right before the call.",
            remedy: "Run `dialplane resume` once it is safe to go on.",
            example: "stopped by ops@pbx1",
        },
        FaultKind::Failing => CodeText {
            means: "the service is failing, so nothing was sent",
            arises: "Five writes of the account in a row, over all its tenants, got no clear answer: \
                5xx, none in time, or one that is not understood. Each of them freezes its user \
                until a list shows what became of it, so no more are sent.",
            remedy: "See what the service says in the faults before, and ask the vendor if it lasts. \
                Changes that were not sent are sent by a later run. One write at a time is tried after \
                waits that grow; the first clear answer lets all others go.",
            example: "the service is failing: 5 writes in a row got no clear answer",
        },
    }
}
