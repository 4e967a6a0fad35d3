//! What one changed Ingress among many costs, from the watch event in the cache to the wishes at its names; and what it costs
//! to know that. `benches/README.md` says how to run it and what it said last.

#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]
// The macros of divan make functions that nobody can document.
#![allow(missing_docs)]

use divan::{AllocProfiler, Bencher};
use std::sync::Arc;
use zonewright::sources::Source;
use zonewright::sources::index::SourceIndex;
use zonewright::sources::ingress::IngressSource;
use zonewright::sources::pipeline::PipelineSettings;
use zonewright::sources::store::{Caches, Fill, Retention};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const SIZES: [u32; 3] = [1_000, 10_000, 30_000];

fn main() {
    divan::main();
}

/// An Ingress gets another address: the index finds its name and asks for the wishes there.
#[divan::bench(args = SIZES)]
fn one_change(bencher: Bencher<'_, '_>, size: u32) {
    let cluster = Cluster::new(size);
    let mut index = cluster.index();
    index.collect();
    let mut version = 0;
    bencher
        .with_inputs(|| {
            version += 1;
            cluster.cache().apply_json(&ingress(size / 2, version)).unwrap();
        })
        .bench_local_values(|()| {
            let mut dirty = index.update();
            assert_eq!((dirty.names.len(), dirty.everything), (1, false));
            let desired = index.desired_for(&mut dirty);
            assert_eq!(desired.endpoints.len(), 1);
        });
}

/// Every wish of a full cycle, with an index that knows them all already.
#[divan::bench(args = SIZES, sample_count = 10)]
fn collect_again(bencher: Bencher<'_, '_>, size: u32) {
    let mut index = Cluster::new(size).index();
    index.collect();
    bencher.bench_local(|| index.collect());
}

/// The first full cycle. The wishes are dropped, so that what is allocated and not freed is the index.
#[divan::bench(args = SIZES, sample_count = 10)]
fn fill_the_index(bencher: Bencher<'_, '_>, size: u32) {
    let cluster = Cluster::new(size);
    bencher.with_inputs(|| cluster.index()).bench_local_values(|mut index| {
        assert_eq!(index.collect().endpoints.len(), size as usize);
        index
    });
}

/// A list of everything into an empty cache: what is allocated and not freed is the cache.
#[divan::bench(args = SIZES, sample_count = 10)]
fn fill_the_cache(bencher: Bencher<'_, '_>, size: u32) {
    let objects: Vec<String> = (0..size).map(|n| ingress(n, 0)).collect();
    bencher.bench_local(|| {
        let cluster = Cluster::empty();
        cluster.list(&objects);
        cluster
    });
}

struct Cluster {
    caches: Caches,
    source: Arc<dyn Source>,
}

impl Cluster {
    fn empty() -> Self {
        let annotation_prefixes = vec!["external-dns.kubernetes.io/".to_owned()];
        let mut caches = Caches::new(Retention {
            annotation_prefixes,
            filtered_labels: Some(Vec::new()),
            ..Retention::default()
        });
        let source = Arc::new(IngressSource::new(Arc::default(), &mut caches));
        Self { caches, source }
    }

    fn new(size: u32) -> Self {
        let cluster = Self::empty();
        let objects: Vec<String> = (0..size).map(|n| ingress(n, 0)).collect();
        cluster.list(&objects);
        cluster
    }

    fn list(&self, objects: &[String]) {
        let mut relist = self.cache().relist();
        objects.iter().for_each(|object| relist.add_json(object).unwrap());
        relist.commit();
    }

    fn cache(&self) -> &Arc<dyn Fill> {
        self.caches.all().next().unwrap()
    }

    fn index(&self) -> SourceIndex {
        SourceIndex::new(vec![self.source.clone()], PipelineSettings::default())
    }
}

/// As `benches/ingresses` fills its cluster, with what the API server adds.
fn ingress(n: u32, version: u32) -> String {
    let [_, b, c, d] = n.to_be_bytes();
    let address = format!("10.{b}.{c}.{}", d ^ (version % 251) as u8);
    format!(
        r#"{{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{{"namespace":"team-{team:02}","name":"web-{n:06}",
"uid":"00000000-1111-2222-3333-{n:012}","resourceVersion":"{resource_version}","generation":1,
"creationTimestamp":"2026-01-01T00:00:00Z",
"labels":{{"app.kubernetes.io/name":"web","app.kubernetes.io/instance":"web-{n:06}"}},
"annotations":{{"external-dns.kubernetes.io/ttl":"300","example.org/contact":"team@example.org"}},
"managedFields":[{{"manager":"kubectl","operation":"Update","apiVersion":"networking.k8s.io/v1","fieldsType":"FieldsV1"}}]}},
"spec":{{"ingressClassName":"public","rules":[{{"host":"web-{n:06}.apps.example.org","http":{{"paths":[{{"path":"/",
"pathType":"Prefix","backend":{{"service":{{"name":"web-{n:06}","port":{{"number":80}}}}}}}}]}}}}]}},
"status":{{"loadBalancer":{{"ingress":[{{"ip":"{address}"}}]}}}}}}"#,
        team = n % 50,
        resource_version = 1_000_000 + n + version * 100_000,
    )
}
