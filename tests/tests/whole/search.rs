//! Cases are found by what people know of them, by those who may, and the question about a person is written down.

use huiliu_tests::hub::{Caller, PATIENCE, eventually};
use serde_json::{Value, json};

use super::privacy::search as search_files;
use super::steps::{noise, noise_petition};
use super::world::{HOTLINE, Way, World};

const PHONE: &str = "13912345678";
const CARD: &str = "330205198807065439";

async fn ask(who: &Caller, question: &Value) -> Value {
    let answer = who.post("/v1/search", question).await.unwrap();
    assert_eq!(answer.status, 200, "{question}: {}", answer.body);
    answer.body
}

/// The hits of a question: each case's number, what matched, and where.
async fn found(who: &Caller, typed: &str) -> Vec<(String, String, String)> {
    let hits = ask(who, &json!({ "q": typed })).await["hits"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let places =
        |why: &Value| why["where"].as_array().into_iter().flatten().map(|p| text(&p["code"])).collect::<Vec<_>>();
    let hit = |hit: &Value| {
        let why = &hit["why"][0];
        (text(&hit["case"]["number"]), text(&why["what"]), places(why).join("+"))
    };
    hits.iter().map(hit).collect()
}

fn lamp(id: &str) -> Value {
    let mut order = noise(id);
    order["orderNum"] = format!("热线-{id}").into();
    order["title"] = "小区路灯不亮".into();
    order["majorContent"] = "欧阳青禾反映：示范路的路灯坏了，来电 ０５７４-87654321 回复。".into();
    order["callerName"] = "欧阳青禾".into();
    order["callerPhone"] = PHONE.into();
    order["callerContact"] = PHONE.into();
    order
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

async fn number_of(world: &World, order: &Value) -> String {
    let id = world.hotline.source.put(order);
    world.case(&id).await["case"]["number"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_is_found_by_any_of_its_names_by_words_and_by_telephone() {
    let mut world = World::new(Way::Push).await;
    let number = number_of(&world, &lamp("s-1")).await;
    let mut hidden = lamp("s-2");
    hidden["isSecret"] = "1".into();
    hidden["title"] = "保密的路灯件".into();
    hidden["callerName"] = "欧阳青禾女士".into();
    hidden["callerAddress"] = "示范小区3幢301室".into();
    hidden["majorContent"] = format!("{}住示范小区3幢301室。", text(&hidden["majorContent"])).into();
    let hidden = number_of(&world, &hidden).await;
    let mut petition = noise_petition("33020500202611228888");
    petition["xfr"] = json!([{ "xm": "样例乙", "zjlx": "111", "zjhm": CARD, "sjh": PHONE, "xfjzfrbz": "1" }]);
    let petition = world.petition.source.put(&petition);
    let petition = world.case(&petition).await["case"]["number"].as_str().unwrap().to_owned();
    let desk = world.desk();

    let by_name = [(number.clone(), "number".to_owned(), String::new())];
    let bare = number.replace('-', "").to_lowercase();
    for typed in [number.clone(), number.replace('-', " "), bare.clone(), number.replace("HL-", "ＨＬ－")] {
        assert_eq!(found(&desk, &typed).await, by_name, "{typed}");
    }
    for typed in ["s-1", "S-1", "热线-s-1", "热线－s－1", "hotline-12345:s-1"] {
        let hits = found(&desk, typed).await;
        assert_eq!(hits, [(number.clone(), "source_number".to_owned(), String::new())], "{typed}");
    }
    let other = if bare.ends_with('0') { '1' } else { '0' };
    let mistyped = format!("{}{other}", &bare[..bare.len() - 1]);
    for (typed, said) in [(mistyped.as_str(), "校验位不对"), ("灯", "单字无法查找"), ("", "请输入")] {
        let refused = desk.post("/v1/search", &json!({ "q": typed })).await.unwrap();
        assert_eq!(refused.status, 422, "{typed}");
        assert!(refused.body["detail"].as_str().unwrap().contains(said), "{}", refused.body);
    }

    let words = |number: &str, places: &str| (number.to_owned(), "words".to_owned(), places.to_owned());
    assert_eq!(found(&desk, "路灯").await, [words(&hidden, "title+text"), words(&number, "title+text")]);
    assert_eq!(found(&desk, "路灯 小区").await[0].0, number);
    assert_eq!(found(&desk, "示范路的路灯").await, [words(&hidden, "text"), words(&number, "text")]);
    assert_eq!(found(&desk, "灯路").await, []);
    assert_eq!(found(&desk, "欧阳青禾").await, [], "a person's name is no word");
    assert_eq!(found(&desk, "示范小区3幢").await, [], "who spoke in secret is not found by where they live");
    assert_eq!(found(&desk, "87654").await, [], "a piece of a number is no word");
    let first = ask(&desk, &json!({ "q": "路灯", "limit": 1 })).await;
    let next = first["next"].as_str().expect("one more");
    let second = ask(&desk, &json!({ "q": "路灯", "limit": 1, "cursor": next })).await;
    assert_eq!(
        (&first["hits"][0]["case"]["number"], &second["hits"][0]["case"]["number"]),
        (&json!(hidden), &json!(number))
    );

    let phoned = |number: &str, places: &str| (number.to_owned(), "telephone".to_owned(), places.to_owned());
    let reporters = [phoned(&petition, "representative"), phoned(&number, "reporter")];
    for typed in [PHONE, "139 1234 5678", "+86-139-1234-5678", "１３９１２３４５６７８"] {
        let hits = found(&desk, typed).await;
        assert_eq!(
            hits.iter().map(|h| &h.0).collect::<Vec<_>>(),
            reporters.iter().map(|h| &h.0).collect::<Vec<_>>(),
            "{typed}: who spoke in secret is not found"
        );
        assert!(hits.iter().all(|h| h.1 == "telephone"), "{hits:?}");
    }
    assert_eq!(found(&desk, "0574 8765 4321").await, [phoned(&number, "text")]);
    assert_eq!(found(&desk, "路灯 13912345678").await, [phoned(&number, "reporter")]);
    let carded = found(&desk, CARD).await;
    assert_eq!((carded.len(), &carded[0].0, carded[0].1.as_str()), (1, &petition, "identity"));

    let log = world.hub.log();
    let audited = log.lines().filter(|line| line.contains("a search by telephone number for desk: 2 found")).count();
    assert_eq!(audited, 4, "each question about a person is written down");
    assert!(log.lines().any(|line| line.contains("a search by identity number for desk: 1 found")));
    world.hub.stop().await.unwrap();
    let mut searched = 0;
    search_files(&world.hub.dir, &[PHONE, CARD, "12345678", "87654321", "欧阳", "路灯", "不亮"], &mut searched);
    assert!(searched > 10, "only {searched} files were searched");
}

/// A number may be a source's name of one case and a telephone number in others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_names_fill_leads_on_and_no_case_comes_twice() {
    let world = World::new(Way::Push).await;
    let named = number_of(&world, &lamp(PHONE)).await;
    let other = number_of(&world, &lamp("s-9")).await;
    let first = ask(&world.desk(), &json!({ "q": PHONE, "limit": 1 })).await;
    assert_eq!(first["hits"][0]["case"]["number"], named, "{first}");
    assert_eq!(first["hits"][0]["why"][0]["what"], "source_number", "{first}");
    let second = ask(&world.desk(), &json!({ "q": PHONE, "cursor": first["next"] })).await;
    let numbers: Vec<&Value> = second["hits"].as_array().unwrap().iter().map(|hit| &hit["case"]["number"]).collect();
    assert_eq!(numbers, [&json!(other)], "{second}");
    assert_eq!(second["next"], Value::Null, "{second}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_centre_may_search() {
    let world = World::new(Way::Push).await;
    for (who, status) in [("jb-ecology", 403), (HOTLINE, 403), ("nobody", 401)] {
        let refused = world.hub.caller(who).post("/v1/search", &json!({ "q": "路灯" })).await.unwrap();
        assert_eq!(refused.status, status, "{who}: {}", refused.body);
    }
    assert_eq!(found(&world.desk(), "路灯").await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_forgotten_is_not_found_and_a_rebuild_finds_the_rest() {
    let mut world = World::new(Way::Push).await;
    let number = number_of(&world, &lamp("f-1")).await;
    let desk = world.desk();
    assert_eq!(found(&desk, "路灯").await.len(), 1);
    // A later case, in another ring: it stays.
    let kept = number_of(&world, &lamp("f-2")).await;
    assert_eq!(found(&desk, "路灯").await.len(), 2);
    let inspector = world.hub.inspector().await.unwrap();
    let rings = inspector.read("KEYS").await.unwrap();
    let case = world.case("f-1").await["case"]["id"].as_str().unwrap().to_owned();
    let ring = rings.iter().find(|ring| String::from_utf8_lossy(&ring.payload).contains(&case)).unwrap();
    assert_ne!(ring.sequence, rings.last().unwrap().sequence, "{number} and {kept} have keys of their own");
    inspector.jetstream.get_stream("KEYS").await.unwrap().delete_message(ring.sequence).await.unwrap();
    world.hub.stop().await.unwrap();
    let rebuilt = world.hub.huiliu(&["rebuild"]).await.unwrap();
    assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
    world.hub.restart().await.unwrap();
    let desk = world.desk();
    let hits = eventually("the kept case", PATIENCE, async || {
        let hits = found(&desk, "路灯").await;
        (!hits.is_empty()).then_some(hits)
    });
    let hits = hits.await.unwrap();
    assert_eq!(hits.iter().map(|hit| &hit.0).collect::<Vec<_>>(), [&kept]);
    assert_eq!(found(&desk, PHONE).await.len(), 1);
    assert_eq!(found(&desk, &number).await.len(), 1, "its number says nothing of anybody");
}
