use secrecy::ExposeSecret;

use super::*;

fn resolved(variables: &[(&str, &str)]) -> Result<(String, String, String), ConfigError> {
    let variable =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    match from_environment(&variable)? {
        StoreConfig::Remote { api, hash, token } => {
            Ok((api.to_string(), hash, token.expose_secret().to_owned()))
        }
        StoreConfig::Sandbox(_) => panic!("the environment never means the sandbox"),
    }
}

#[test]
fn hash_and_token_are_enough() {
    let expected = ("https://api.bigcommerce.com/".to_owned(), "abc123".to_owned(), "t0ken".to_owned());
    assert_eq!(resolved(&[(STORE_HASH, "abc123"), (ACCESS_TOKEN, "t0ken")]), Ok(expected));
}

#[test]
fn the_hash_may_be_pasted_in_any_common_form() {
    let forms = [
        "abc123",
        " abc123\n",
        "{abc123}",
        "\"abc123\"",
        "ABC123",
        "https://api.bigcommerce.com/stores/abc123/v3/",
        "https://api.bigcommerce.com/stores/{abc123}/v3",
        "stores/abc123",
        "/stores/abc123/v2/",
        "https://store-abc123.mybigcommerce.com/",
        "store-abc123.mybigcommerce.com",
    ];
    for form in forms {
        let (_, hash, _) = resolved(&[(STORE_HASH, form), (ACCESS_TOKEN, "t")]).unwrap();
        assert_eq!(hash, "abc123", "{form}");
    }
}

#[test]
fn what_cannot_be_a_hash_is_refused() {
    for form in ["abc/../def", "my shop", "www.example.com", "{}", &"a".repeat(25)] {
        let outcome = resolved(&[(STORE_HASH, form), (ACCESS_TOKEN, "t")]);
        assert_eq!(outcome, Err(ConfigError::StoreHash), "{form}");
    }
}

#[test]
fn placeholders_are_named_and_nothing_around_them_is_shown() {
    for (variable, value, shown) in [
        (STORE_HASH, "${BIGCOMMERCE_STORE_HASH}", "${BIGCOMMERCE_STORE_HASH}"),
        (STORE_HASH, "YOUR_STORE_HASH", "YOUR_..."),
        (ACCESS_TOKEN, "${input:token}", "${input:token}"),
        (ACCESS_TOKEN, "your_token", "YOUR_..."),
        (ACCESS_TOKEN, "half-a-secret${X}and-more", "${X}"),
    ] {
        let mut variables = vec![(STORE_HASH, "abc123"), (ACCESS_TOKEN, "t")];
        variables.retain(|(name, _)| *name != variable);
        variables.push((variable, value));
        let expected = ConfigError::Placeholder { variable, value: shown.to_owned() };
        assert_eq!(resolved(&variables), Err(expected));
    }
}

#[test]
fn a_token_that_no_header_carries_is_refused() {
    for token in ["t\u{f6}ken", "to ken", "to\nken", "to\u{200b}ken"] {
        let outcome = resolved(&[(STORE_HASH, "abc123"), (ACCESS_TOKEN, token)]);
        assert_eq!(outcome, Err(ConfigError::Token), "{token:?}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let missing = |names: &[&'static str]| Err(ConfigError::Missing { missing: names.to_vec() });
    assert_eq!(resolved(&[]), missing(&[STORE_HASH, ACCESS_TOKEN]));
    assert_eq!(resolved(&[(STORE_HASH, "abc123"), (ACCESS_TOKEN, "  ")]), missing(&[ACCESS_TOKEN]));
    assert_eq!(resolved(&[(ACCESS_TOKEN, "t")]), missing(&[STORE_HASH]));
}

#[test]
fn the_token_may_come_from_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    std::fs::write(&path, "from-file\n").unwrap();
    let path = path.to_str().unwrap();
    let (_, _, token) = resolved(&[(STORE_HASH, "abc"), (ACCESS_TOKEN_FILE, path)]).unwrap();
    assert_eq!(token, "from-file");
    let absent = resolved(&[(STORE_HASH, "abc"), (ACCESS_TOKEN_FILE, "/nowhere/token")]);
    assert!(matches!(absent, Err(ConfigError::TokenFile(_))));
}

#[test]
fn the_api_address_is_https_unless_it_is_loopback() {
    let with = |url| resolved(&[(STORE_HASH, "a"), (ACCESS_TOKEN, "t"), (API_URL, url)]);
    assert!(with("http://127.0.0.1:4010").is_ok());
    for url in [
        "http://api.bigcommerce.com",
        "ftp://x",
        "api.bigcommerce.com",
        "https://u:p@x/",
        "https://x/?a=1",
        "https://x/#a",
        "https://x/stores/a/v3",
    ] {
        assert!(matches!(with(url), Err(ConfigError::ApiUrl(_))), "{url}");
    }
}

#[test]
fn one_token_is_enough_and_two_are_one_too_many() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    std::fs::write(&path, "from-file").unwrap();
    let path = path.to_str().unwrap();
    let with = |token, file| resolved(&[(STORE_HASH, "a"), (ACCESS_TOKEN, token), (ACCESS_TOKEN_FILE, file)]);
    assert_eq!(with("t", path), Err(ConfigError::TwoTokens));
    for unfilled in ["", "${user_config.token}"] {
        assert_eq!(with("t", unfilled).unwrap().2, "t");
        assert_eq!(with(unfilled, path).unwrap().2, "from-file");
    }
    let placeholder = with("${TOKEN}", "${FILE}");
    assert_eq!(
        placeholder,
        Err(ConfigError::Placeholder { variable: ACCESS_TOKEN, value: "${TOKEN}".into() })
    );
}

#[test]
fn an_api_address_that_the_host_did_not_fill_in_is_the_usual_one() {
    let (api, ..) = resolved(&[(STORE_HASH, "a"), (ACCESS_TOKEN, "t"), (API_URL, "${API_URL}")]).unwrap();
    assert_eq!(api, "https://api.bigcommerce.com/");
}
