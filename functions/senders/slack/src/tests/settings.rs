use super::*;

#[test]
fn the_table_of_settings_holds() {
    check_provider_settings(&Slack::default(), include_str!("settings.json"));
}

#[test]
fn an_attempt_makes_the_same_check() {
    let mut destination = webhook();
    destination.settings.channel_id = Some("C0123ABCD".to_owned());
    let error = destination
        .provider
        .check(&destination.settings, &destination.secret);
    let error = error.unwrap_err();
    destination.with_context(&full(), Detail::Full, |context| {
        assert_eq!(destination.provider.request(context).unwrap_err(), error);
    });
}

#[test]
fn a_local_stack_calls_the_simulator() {
    for base in ["http://127.0.0.1:4000", "http://127.0.0.1:4000/slack/"] {
        let slack = Slack {
            base_url: Url::parse(base).ok(),
        };
        let check = |slack: Slack, url: &str| {
            let local = ProviderFixture::new(slack, &json!({}), &json!({"webhookUrl": url}));
            local.provider.check(&local.settings, &local.secret)
        };
        assert_eq!(check(slack.clone(), "http://127.0.0.1:4000/any"), Ok(()));
        assert!(check(Slack::default(), "http://127.0.0.1:4000/any").is_err());
        assert!(check(slack.clone(), "http://127.0.0.1:4001/any").is_err());

        let mut bot = bot();
        bot.provider = slack;
        let url = bot.request(&full(), Detail::Full).address.to_string();
        let expected = format!("{}/api/chat.postMessage", base.trim_end_matches('/'));
        assert_eq!(url, expected);
    }
}

#[test]
fn the_secret_is_hidden() {
    for destination in [webhook(), bot()] {
        destination.check_secret_is_hidden(&full());
    }
    let url = webhook().request(&full(), Detail::Full).address;
    assert!(url.expose().as_str().ends_with("/PLANTED"));
    let header = bot().exposed_header("authorization");
    assert_eq!(header, "Bearer xoxb-1-2-PLANTED");
}
