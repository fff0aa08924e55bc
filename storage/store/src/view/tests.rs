//! Layers over a snapshot: what is seen, page by page.

use super::{Overlay, View};
use bytes::Bytes;
use engine::{Batch, Engine, Op, Range, Table, sim::SimDisk};
use std::sync::Arc;

fn entry(key: u8, value: Option<u8>) -> ((Table, Vec<u8>), Option<Bytes>) {
    ((Table::Item, vec![1, key]), value.map(|value| Bytes::from(vec![value])))
}

/// Every page size gives the same rows, whatever lies in which layer.
#[tokio::test]
async fn pages_over_layers_are_the_whole_in_order() {
    let engine = SimDisk::new(3).engine();
    let ops = (0..100).map(|key| Op::Put(Table::Item, vec![1, key], Bytes::from(vec![0]))).collect();
    let _durable = engine.commit(Batch { expect: Vec::new(), ops }).await.unwrap();
    let older: Overlay = (10..60).filter(|key| key % 3 == 0).map(|key| entry(key, None)).collect();
    let mut view = View::new(engine.snapshot().await.unwrap(), vec![Arc::new(older)]);
    view.own = (0..50)
        .filter(|key| key % 4 == 0)
        .map(|key| entry(key, Some(2)))
        .chain([entry(200, Some(2)), entry(99, None)])
        .collect();
    let expected: Vec<(u8, u8)> = (0..=200_u8)
        .filter_map(|key| match key {
            0..50 if key % 4 == 0 => Some((key, 2)),
            10..60 if key % 3 == 0 => None,
            99 => None,
            0..100 => Some((key, 0)),
            200 => Some((key, 2)),
            _ => None,
        })
        .collect();
    for limit in [1, 2, 3, 7, 64, 1000] {
        for reverse in [false, true] {
            let mut range = Range::prefix(&[1]);
            let mut rows = Vec::new();
            loop {
                let page = view.scan(Table::Item, &range, limit, reverse).await.unwrap();
                let Some((last, _)) = page.last().cloned() else { break };
                rows.extend(page.iter().map(|(key, value)| (key[1], value[0])));
                if reverse {
                    range.end = last.to_vec();
                } else {
                    range.start = vec![last[0], last[1], 0];
                }
            }
            if reverse {
                rows.reverse();
            }
            assert_eq!(rows, expected, "limit {limit} reverse {reverse}");
        }
    }
}
