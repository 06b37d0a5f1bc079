//! A key, a token or a password in a workflow.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::diag::{Diagnostic, Severity};
use crate::lint::workflow::At;
use crate::lint::{Check, Group, Rule, Subject, found, node_ref, page};

pub(super) static RULE: Rule = Rule {
    name: "secret-in-workflow",
    summary: "a key, a token or a password in an input, which ComfyUI writes into every picture and its history",
    group: Group::Portability,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("secret-in-workflow"),
    check: Check::Input(check),
};

/// The beginnings of secrets that services give out, how many characters follow at least, and what they are.
const PREFIXES: [(&str, usize, &str); 18] = [
    ("sk-ant-", 20, "an API key of Anthropic"),
    ("sk-proj-", 20, "an API key of OpenAI"),
    ("sk-", 32, "an API key"),
    ("hf_", 30, "a token of Hugging Face"),
    ("ghp_", 30, "a token of GitHub"),
    ("gho_", 30, "a token of GitHub"),
    ("ghs_", 30, "a token of GitHub"),
    ("github_pat_", 30, "a token of GitHub"),
    ("glpat-", 20, "a token of GitLab"),
    ("AKIA", 16, "an access key of AWS"),
    ("ASIA", 16, "an access key of AWS"),
    ("AIza", 35, "an API key of Google"),
    ("xoxb-", 20, "a token of Slack"),
    ("xoxp-", 20, "a token of Slack"),
    ("rpa_", 30, "an API key of RunPod"),
    ("r8_", 30, "a token of Replicate"),
    ("nvapi-", 30, "an API key of NVIDIA"),
    ("comfyui-", 40, "an API key of Comfy"),
];

/// What every private key has.
static PRIVATE_KEY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("PRIVATE KEY-----"));

/// No secret of a service is shorter, its beginning included; words of prompts are.
const LEAST: usize = 20;

/// Names of inputs that hold secrets, as parts between `_`.
const NAMES: [&str; 8] =
    ["api_key", "apikey", "access_key", "secret", "secret_key", "password", "auth_token", "access_token"];

/// Queries of addresses that hold secrets.
const QUERIES: [&str; 5] = ["token=", "api_key=", "apikey=", "access_token=", "X-Amz-Signature="];

/// Shorter texts under such a name or query are none that protect anything.
const SHORT: usize = 8;

fn check(at: &At<'_>) -> Option<Diagnostic> {
    let text = at.literal()?.as_str()?;
    if text.len() < SHORT {
        return None;
    }
    let (secret, what) =
        by_prefix(text).or_else(|| by_query(text)).or_else(|| by_name(&at.input.name, text))?;
    let shown: String = secret.chars().take(4).collect();
    let message =
        format!("`{}` holds {what} ({shown}…, {} characters)", at.input.name, secret.chars().count());
    // Without a place: what is shown of the file would show the secret.
    let finding = found(&RULE, message).node(node_ref(at.node, Some(&at.input.name)));
    Some(finding.help(
        "take it out, revoke it where it was given out, and let the server have it from its environment: \
         ComfyUI writes the workflow into the pictures it saves and into its history",
    ))
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

/// A word that begins as the secrets of a service do.
fn by_prefix(text: &str) -> Option<(&str, &'static str)> {
    if text.len() < LEAST {
        return None;
    }
    if let Some(start) = PRIVATE_KEY.find(text.as_bytes()).and_then(|_| text.find("-----BEGIN ")) {
        return Some((&text[start..], "a private key"));
    }
    // Most texts have no word of such a length, which is told without taking them apart.
    let is_end = |byte: &u8| !is_part(char::from(*byte));
    if text.as_bytes().split(is_end).all(|word| word.len() < LEAST) {
        return None;
    }
    text.split(|c| !is_part(c)).filter(|word| word.len() >= LEAST).find_map(|word| {
        PREFIXES.iter().find_map(|(prefix, least, what)| {
            let rest = word.strip_prefix(prefix)?;
            let is_random = rest.chars().any(|c| c.is_ascii_digit()) && rest.chars().any(char::is_alphabetic);
            (rest.len() >= *least && is_random).then_some((word, *what))
        })
    })
}

/// What an address is signed with.
fn by_query(text: &str) -> Option<(&str, &'static str)> {
    // Most texts are no address at all, which is told fast.
    memchr::memchr(b'?', text.as_bytes())?;
    let query = text.split_once("://")?.1.split_once('?')?.1;
    query.split('&').find_map(|pair| {
        let value = QUERIES.iter().find_map(|name| pair.strip_prefix(name))?;
        let value = value.split(|c: char| c.is_whitespace() || c == '#').next().unwrap_or(value);
        (value.len() >= SHORT).then_some((value, "an address with a secret in it"))
    })
}

/// What stands in an input that is made for secrets.
fn by_name<'t>(name: &str, text: &'t str) -> Option<(&'t str, &'static str)> {
    let is_secret = NAMES.iter().any(|secret| {
        let Some((before, end)) =
            name.len().checked_sub(secret.len()).and_then(|at| name.split_at_checked(at))
        else {
            return false;
        };
        end.eq_ignore_ascii_case(secret) && (before.is_empty() || before.ends_with(['_', '.', '-']))
    });
    if !is_secret {
        return None;
    }
    let text = text.trim();
    // A variable's name stands for the secret that the server has.
    let is_placeholder = text.len() < SHORT
        || text.contains(char::is_whitespace)
        || text.starts_with(['$', '{', '<', '%'])
        || text.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        || text.chars().all(|c| matches!(c, '*' | 'x' | 'X' | '.'));
    (!is_placeholder).then_some((text, "a secret"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_beginning_query_and_name() {
        let random = "a1".repeat(20);
        assert!(by_prefix(&format!("Bearer hf_{random}")).is_some());
        assert!(by_prefix("a sk-etch of a hf_ logo").is_none());
        assert!(by_prefix("ghp_").is_none());
        assert!(by_query("https://example.org/m.safetensors?x=1&token=0123456789").is_some());
        assert!(by_query("https://example.org/?token=").is_none());
        assert!(
            by_name("api_key", "0123456789").is_some() && by_name("civitai_api_key", "0123456789").is_some()
        );
        assert!(
            by_name("api_key", "OPENAI_API_KEY").is_none() && by_name("max_tokens", "0123456789").is_none()
        );
    }
}
