//! Orders that are given to a service that stands by: the one that leads serves them, once or not at
//! all, and those who gave them hear what became of them.

use crate::{
    replicas::{LONG, Replica, stage},
    stage::{Ended, Stage},
    stopped_all::sql,
    support::postgres::{Cluster, Database, cluster, database},
};

const LEADS: &str = "this service leads";
const STANDS_BY: &str = "stands by: ";

fn done(ended: &Ended) -> &str {
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    &ended.stdout
}

/// One that leads and has nothing to do, and one that stands by.
async fn two(stage: &Stage) -> [Replica<'_>; 2] {
    let mut first = Replica::start(stage, "first");
    first.says(LEADS, 1).await;
    first.rests().await;
    let mut second = Replica::start(stage, "second");
    second.says(STANDS_BY, 1).await;
    [first, second]
}

/// The answer of an order, once there is one.
async fn answer(database: &Database, id: &str) -> String {
    let query = format!("SELECT answer FROM {{s}}.orders WHERE id = '{id}' AND settled");
    loop {
        if let Some(answer) = sql(database, &query).await.pop() {
            return answer;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_at_a_service_that_stands_by_is_served_by_the_one_that_leads() {
    let Some(database) = database() else { return };
    let stage = stage(&database, LONG).await;
    let [mut first, second] = two(&stage).await;
    let before = stage.writes();
    let looked = second.run(&["reconcile", "adatum", "--wait"]).await;
    let told = done(&looked);
    assert!(told.contains("1 tenant looked at") && told.contains(", run "), "{told}");
    let suspend = ["suspend", "contoso", "--reason", "they move", "--until", "8h"];
    let suspended = second.run(&suspend).await;
    let told = done(&suspended);
    assert!(told.contains("contoso is suspended until ") && told.contains("  run "), "{told}");
    let history = first.run(&["history"]).await;
    let told = done(&history);
    assert!(told.contains("they move") && told.contains("ada@"), "{told}");
    let again = second.run(&["resume", "contoso"]).await;
    assert!(done(&again).contains("contoso goes on; it was suspended "), "{}", again.stdout);
    let again = second.run(&["resume", "contoso"]).await;
    assert!(done(&again).contains("contoso was not suspended"), "{}", again.stdout);
    // What is wrong with an order is told where it was given.
    let unknown = second.run(&["suspend", "nobody", "--reason", "x"]).await;
    let words = "no manifest describes tenant `nobody`";
    assert!(unknown.code == 1 && unknown.stderr.contains(words), "{}", unknown.stderr);
    assert_eq!(stage.writes(), before);
    assert!(!second.log().contains(LEADS));
    // The leader dies, and an order waits for the next one, which is the same service here.
    first.running.child.kill().unwrap();
    first.running.child.wait().unwrap();
    let lapse = "UPDATE {s}.service SET until = clock_timestamp() - interval '1 s'";
    let (looked, _) = tokio::join!(second.run(&["reconcile", "--wait"]), sql(&database, lapse));
    assert!(looked.stdout.contains(" tenants looked at"), "{}{}", looked.stdout, looked.stderr);
    assert_eq!(second.running.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_on_record_is_carried_out_once_or_not_at_all() {
    let Some(database) = database() else { return };
    let stage = stage(&database, LONG).await;
    let [first, second] = two(&stage).await;
    done(&first.run(&["suspend", "contoso", "--reason", "by hand"]).await);
    let resume = r#"{"order":"resume","tenant":"contoso","body":{"by":"bob@there"}}"#;
    let rows = [
        // A leader took it and died: it may have been carried out, and a suspension come after.
        ("dead", resume, "0", "0 s"),
        // Nobody took it in time, and its giver may have heard so.
        ("late", resume, "NULL", "10 min"),
        ("odd", r#"{"order":"format","body":{}}"#, "NULL", "0 s"),
        ("look", r#"{"order":"reconcile","body":{"by":"bob@there"}}"#, "0", "0 s"),
    ];
    for (id, order, taken, age) in rows {
        let row = format!(
            "INSERT INTO {{s}}.orders (id, host, placed, taken, at) VALUES ('{id}', 'there', \
                '{order}', {taken}, clock_timestamp() - interval '{age}')"
        );
        sql(&database, &row).await;
    }
    let dead = answer(&database, "dead").await;
    assert!(dead.contains("refused") && dead.contains("ended before it answered"), "{dead}");
    let odd = answer(&database, "odd").await;
    assert!(odd.contains("refused") && odd.contains("the order `format` is not known"), "{odd}");
    let look = answer(&database, "look").await;
    assert!(look.contains("\"done\"") && look.contains("tenants looked at"), "{look}");
    let late = "SELECT 1 FROM {s}.orders WHERE id = 'late' AND taken IS NULL AND NOT settled";
    assert_eq!(sql(&database, late).await.len(), 1);
    let status = first.run(&["status"]).await;
    assert!(status.stdout.contains("by hand"), "{}", status.stdout);
    assert_eq!(first.running.stop().await, Some(0));
    assert_eq!(second.running.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_cannot_be_handed_over_is_told() {
    let Some(cluster) = cluster() else { return };
    let stage = stage(&Cluster::database(&cluster), LONG).await;
    let [first, mut second] = two(&stage).await;
    cluster.stop_hard();
    second.says("nothing new begins", 1).await;
    let refused = second.run(&["suspend", "contoso", "--reason", "x"]).await;
    let words = "it is not known what became of the order";
    assert!(refused.code == 1 && refused.stderr.contains(words), "{}", refused.stderr);
    cluster.start();
    done(&second.run(&["suspend", "contoso", "--reason", "x"]).await);
    assert_eq!(first.running.stop().await, Some(0));
    assert_eq!(second.running.stop().await, Some(0));
}
