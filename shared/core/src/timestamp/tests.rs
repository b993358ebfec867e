use super::*;
use proptest::prelude::*;

#[test]
fn every_form_of_the_design_is_the_same_instant() {
    for form in [
        "2020-10-13T03:35:00Z",
        "2020-10-13T03:35Z",
        "2020-10-13T03:35:00.0Z",
        "2020-10-13T03:35:00.000000000Z",
        "2020-10-13T05:35:00+02:00",
        "2020-10-13T05:35+02:00",
        "2020-10-12T21:35:00.000-06:00",
        "2020-10-13T03:35:30+00:00:30",
    ] {
        let parsed: Timestamp = form.parse().unwrap();
        assert_eq!(parsed.to_string(), "2020-10-13T03:35:00Z", "{form}");
    }
}

#[test]
fn fractions_keep_their_value_and_lose_their_zeros() {
    for (form, shown) in [
        ("2020-10-13T03:35:24.1Z", "2020-10-13T03:35:24.1Z"),
        ("2020-10-13T03:35:24.120Z", "2020-10-13T03:35:24.12Z"),
        (
            "2020-10-13T03:35:24.123456789Z",
            "2020-10-13T03:35:24.123456789Z",
        ),
        (
            "2020-10-13T03:35:24.000000001Z",
            "2020-10-13T03:35:24.000000001Z",
        ),
    ] {
        assert_eq!(form.parse::<Timestamp>().unwrap().to_string(), shown);
    }
}

#[test]
fn an_invalid_date_says_where_it_is_wrong() {
    for (form, said) in [
        ("", "four digits of a year"),
        ("yesterday", "four digits of a year"),
        ("2020-10-13", "a T between"),
        ("2020-10-13 03:35:24Z", "a T between"),
        ("2020-10-13T03:35:24", "an offset"),
        ("2020-10-13T03:35:24.Z", "one to nine fraction digits"),
        (
            "2020-10-13T03:35:24.1234567890Z",
            "one to nine fraction digits",
        ),
        ("2020-10-13T03:35:24z", "an offset"),
        ("2020-10-13T03:35:24ZZ", "nothing may follow"),
        ("2020-13-13T03:35:24Z", "the month is out of range"),
        ("2021-02-29T03:35:24Z", "the day is out of range"),
        ("2020-10-13T24:35:24Z", "the time of day is out of range"),
        ("2020-10-13T03:35:61Z", "the time of day is out of range"),
        ("2020-10-13T03:35:24+19:00", "the offset is out of range"),
        ("0000-01-01T00:00:00+10:00", "the year is out of range"),
        ("２０２０-10-13T03:35:24Z", "four digits of a year"),
    ] {
        let error = form.parse::<Timestamp>().unwrap_err().to_string();
        assert!(error.contains(said), "{form:?}: {error}");
    }
}

#[test]
fn differences_never_go_below_zero() {
    let early: Timestamp = "2020-10-13T03:35:24Z".parse().unwrap();
    let late = early.plus(Duration::from_millis(1500));
    assert_eq!(late.since(early), Duration::from_millis(1500));
    assert_eq!(early.since(late), Duration::ZERO);
    assert_eq!(late.unix_millis() - early.unix_millis(), 1500);
}

proptest! {
    #[test]
    fn any_text_is_an_instant_or_an_error(text in "\\PC{0,40}") {
        let _ = text.parse::<Timestamp>();
    }

    #[test]
    fn what_is_written_reads_back(millis in -60_000_000_000_000i64..250_000_000_000_000) {
        let instant = Timestamp::from_unix_millis(millis).unwrap();
        prop_assert_eq!(instant.to_string().parse::<Timestamp>().unwrap(), instant);
        prop_assert_eq!(instant.unix_millis(), millis);
    }
}

#[test]
fn sortable_texts_are_sorted_by_time() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let times = [
        at("2026-01-01T23:59:59.999999999Z"),
        at("2026-01-02T00:00:00Z"),
        at("2026-01-02T00:00:00.12Z"),
        at("2026-01-02T00:00:00.123Z"),
        at("2026-01-02T00:00:01Z"),
    ];
    let texts = times.map(Timestamp::sortable);
    assert!(texts.is_sorted(), "{texts:?}");
    assert_eq!(texts[1], "2026-01-02T00:00:00.000000000Z");
    for (time, text) in times.iter().zip(&texts) {
        assert_eq!(at(text), *time);
    }
    assert_eq!(times[1].minus(Duration::from_nanos(1)), times[0]);
    assert_eq!(
        (times[4].midnight(), times[4].day()),
        (times[1], "2026-01-02".to_owned())
    );
}

#[test]
fn people_see_whole_seconds() {
    let time: Timestamp = "2020-10-13T05:35:24.999+02:00".parse().unwrap();
    assert_eq!(time.readable(), "2020-10-13 03:35:24 UTC");
    assert_eq!(time.whole_seconds(), "2020-10-13T03:35:24Z");
}
