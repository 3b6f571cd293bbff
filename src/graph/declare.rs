//! The macros by which the schema declares labels and types. One declaration produces the row of the table, the struct
//! or variant that is put into the graph, and a constant for reading each property.

/// The name of a property: the name of its field, unless the declaration renames it with `as`.
macro_rules! name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident as $name:literal) => {
        $name
    };
}

/// The name of the list of what each case says, for properties that are declared with `by_case`.
macro_rules! said {
    ([] $($name:tt)*) => {
        None
    };
    ([by_case] $field:ident) => {
        Some(concat!(stringify!($field), "_in"))
    };
    ([by_case] $field:ident as $name:literal) => {
        Some(concat!($name, "_in"))
    };
}

/// A module with a constant for each property, and the rows of the table.
macro_rules! properties {
    ($doc:expr, $table:expr, $module:ident {
        $($constant:ident $field:ident $(as $name:literal)?: $holds:ty, $merge:expr, $of:literal $(, $by:ident)?;)*
    }) => {
        #[doc = $doc]
        pub mod $module {
            #[allow(unused_imports, reason = "not every label has properties")]
            use super::*;

            $(
                #[doc = $of]
                pub const $constant: Field<$holds> =
                    Field::new(name!($field $(as $name)?), $table, PROPERTIES);
            )*

            pub(super) const PROPERTIES: &[Property] = &[$(Property {
                name: name!($field $(as $name)?),
                kind: <$holds as Holds>::KIND,
                merge: $merge,
                by_case: said!([$($by)?] $field $(as $name)?),
                doc: $of,
            }),*];
        }
    };
}

/// Labels in their order. The properties under `given` are the fields of the struct that is put into the graph. Those
/// under `derived` are computed by other code, which sets them through their constants.
macro_rules! nodes {
    ($(
        $label:ident in $module:ident {
            doc: $doc:literal,
            key: $key:literal,
            $($(#[$meta:meta])* given $id:ty {
                $($given:ident $field:ident $(as $name:literal)?: $holds:ty, $merge:expr, $of:literal $(, $by:ident)?;)*
            })?
            $(derived {
                $($derived:ident $set:ident: $set_holds:ty, $set_merge:expr, $set_of:literal $(, $set_by:ident)?;)*
            })?
            indexed: [$($indexed:ident),*],
            counted: [$($counted:ident),*],
        }
    )+) => {
        /// Label of a node. The order is the order of `graph.jsonl`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Label {
            $(#[doc = $doc] $label,)+
        }

        impl Label {
            /// The row of this label in [`NODES`].
            pub fn spec(self) -> &'static NodeSpec {
                &NODES[self as usize]
            }

            /// As Neo4j, `graph.jsonl` and exports spell it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$label => stringify!($label),)+
                }
            }
        }

        /// Every label, in the order of [`Label`].
        pub const NODES: &[NodeSpec] = &[$(NodeSpec {
            label: Label::$label,
            key: $key,
            doc: $doc,
            properties: $module::PROPERTIES,
            indexed: &[$($module::$indexed.name()),*],
            counted: &[$($module::$counted.name()),*],
        }),+];

        $(
            properties! {
                concat!("Properties of ", stringify!($label), ": ", $doc, "."),
                Label::$label.table(), $module {
                    $($($given $field $(as $name)?: $holds, $merge, $of $(, $by)?;)*)?
                    $($($derived $set: $set_holds, $set_merge, $set_of $(, $set_by)?;)*)?
                }
            }

            $(
                #[doc = $doc]
                $(#[$meta])*
                #[derive(Debug, Clone)]
                pub struct $label {
                    #[doc = $key]
                    pub id: $id,
                    $(#[doc = $of] pub $field: <$holds as Holds>::Given,)*
                }

                impl Entity for $label {
                    const LABEL: Label = Label::$label;

                    fn into_parts(self) -> (String, Given) {
                        let given = Given::default()$(.with($module::$given, self.$field))*;
                        (self.id.to_string(), given)
                    }
                }
            )?
        )+
    };
}

/// Types of edges in their order. Each becomes a variant of `Edge`.
macro_rules! edges {
    ($(
        $kind:ident $spelt:literal in $module:ident {
            doc: $doc:literal,
            joins: [$($from:ident => $to:ident),+],
            $(given {
                $($given:ident $field:ident $(as $name:literal)?: $holds:ty, $merge:expr, $of:literal $(, $by:ident)?;)*
            })?
            indexed: [$($indexed:ident),*],
        }
    )+) => {
        /// Type of an edge. The order is the order of `graph.jsonl`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EdgeType {
            $(#[doc = $doc] $kind,)+
        }

        impl EdgeType {
            /// The row of this type in [`EDGES`].
            pub fn spec(self) -> &'static EdgeSpec {
                &EDGES[self as usize]
            }

            /// As Neo4j spells it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $spelt,)+
                }
            }
        }

        /// Every edge type, in the order of [`EdgeType`].
        pub const EDGES: &[EdgeSpec] = &[$(EdgeSpec {
            kind: EdgeType::$kind,
            joins: &[$((Label::$from, Label::$to)),+],
            doc: $doc,
            properties: $module::PROPERTIES,
            indexed: &[$($module::$indexed.name()),*],
        }),+];

        $(
            properties! {
                concat!("Properties of ", $spelt, ": ", $doc, "."),
                EdgeType::$kind.table(), $module {
                    $($($given $field $(as $name)?: $holds, $merge, $of $(, $by)?;)*)?
                }
            }
        )+

        /// One observation of an edge; several of the same (from, type, to) are merged into one edge.
        #[derive(Debug, Clone)]
        pub enum Edge {
            $(#[doc = $doc] $kind $({$(
                #[doc = $of] $field: <$holds as Holds>::Given,
            )*})?,)+
        }

        impl Edge {
            /// The type of edge that was observed.
            pub fn kind(&self) -> EdgeType {
                match self {
                    $(Self::$kind $({$($field: _),*})? => EdgeType::$kind,)+
                }
            }

            /// The properties that were observed, for merging into the edge in the graph.
            pub fn into_given(self) -> Given {
                match self {
                    $(Self::$kind $({$($field),*})? => {
                        Given::default()$($(.with($module::$given, $field))*)?
                    })+
                }
            }
        }
    };
}

pub(super) use {edges, name, nodes, properties, said};
