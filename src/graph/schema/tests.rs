use super::*;

#[test]
fn tables_stand_in_the_order_of_their_enums() {
    for (at, spec) in NODES.iter().enumerate() {
        assert_eq!(spec.label as usize, at, "{}", spec.label);
        assert_eq!(Label::parse(spec.label.as_str()), Some(spec.label));
        for name in spec.indexed.iter().chain(spec.counted) {
            assert!(
                spec.properties.iter().any(|p| p.name == *name),
                "{}.{name}",
                spec.label
            );
        }
    }
    for (at, spec) in EDGES.iter().enumerate() {
        assert_eq!(spec.kind as usize, at, "{}", spec.kind);
        assert_eq!(EdgeType::parse(spec.kind.as_str()), Some(spec.kind));
        for name in spec.indexed {
            assert!(
                spec.properties.iter().any(|p| p.name == *name),
                "{}.{name}",
                spec.kind
            );
        }
    }
    let outranks = |p: &Property| matches!(p.merge, Merge::Outranks(_));
    for spec in NODES {
        let ranked = spec.all_properties().any(outranks);
        assert!(
            !ranked,
            "{} is a node, and only edges are ranked",
            spec.label
        );
    }
    assert!(NODES.is_sorted_by_key(|spec| spec.label.as_str()));
    assert!(EDGES.is_sorted_by_key(|spec| spec.kind.as_str()));
}
