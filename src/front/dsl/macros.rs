//! What the generated tables of types and node classes expand to.

/// A type of ports: name in Rust, name in ComfyUI.
macro_rules! port {
    ($name:ident $comfy:literal) => {
        #[doc = concat!("`", $comfy, "`.")]
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}

        impl $crate::front::dsl::Type for $name {
            const NAME: &'static str = $comfy;
        }

        #[diagnostic::do_not_recommend]
        impl $crate::front::dsl::Connects<$name> for $name {}
        #[diagnostic::do_not_recommend]
        impl $crate::front::dsl::Connects<Any> for $name {}
    };
}

/// A union of types: what literals it takes, its members, and the other unions with a common member.
macro_rules! union {
    ($name:ident $comfy:literal [$($literal:ident)*] [$($member:ident)*] [$($other:ident)*]) => {
        $crate::front::dsl::macros::port! { $name $comfy }
        $(
            #[diagnostic::do_not_recommend]
            impl $crate::front::dsl::Connects<$name> for $member {}
            #[diagnostic::do_not_recommend]
            impl $crate::front::dsl::Connects<$member> for $name {}
        )*
        $(
            #[diagnostic::do_not_recommend]
            impl $crate::front::dsl::Connects<$other> for $name {}
        )*
        $($crate::front::dsl::macros::literals!(@ $literal $name);)*
    };
}

/// A node class: name in Rust, class, what `new` takes, the other inputs, outputs with their slots.
macro_rules! node {
    (
        $(#[$meta:meta])*
        $node:ident $class:literal
        ($($arg:ident $(as $arg_name:literal)?: $arg_type:ident, $arg_doc:literal;)*)
        {$($input:ident $(as $input_name:literal)?: $input_type:ident, $input_doc:literal;)*}
        -> $outputs:tt
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        #[must_use = "a node does nothing until it is added to a workflow"]
        pub struct $node(Draft);

        impl $node {
            /// A node with what it needs and has no default.
            ///
            $(#[doc = concat!("- `", stringify!($arg), "`: ", $arg_doc)])*
            #[track_caller]
            pub fn new($($arg: impl Feeds<types::$arg_type>),*) -> Self {
                Self(Draft::new($class)$(.given(node!(@ name $arg $($arg_name)?), $arg.feed()))*)
            }

            $(
                #[doc = $input_doc]
                #[track_caller]
                pub fn $input(self, value: impl Feeds<types::$input_type>) -> Self {
                    Self(self.0.given(node!(@ name $input $($input_name)?), value.feed()))
                }
            )*
        }

        node!(@ default $node $($arg)*);
        node!(@ outputs $node $outputs);
    };
    (@ default $node:ident) => {
        impl Default for $node {
            #[track_caller]
            fn default() -> Self {
                Self::new()
            }
        }
    };
    (@ default $node:ident $($arg:ident)+) => {};
    (@ name $input:ident) => { stringify!($input) };
    (@ name $input:ident $name:literal) => { $name };
    (@ outputs $node:ident {}) => {
        node!(@ node $node (), |_all| {});
    };
    (@ outputs $node:ident {$type:ident}) => {
        node!(@ node $node Out<types::$type>, |all| all.out(0));
    };
    (@ outputs $node:ident {$outputs:ident {$($output:ident $slot:literal: $type:ident, $doc:literal;)*}}) => {
        #[doc = concat!("The outputs of [`", stringify!($node), "`].")]
        #[derive(Clone, Copy, Debug)]
        pub struct $outputs {
            $(#[doc = $doc] pub $output: Out<types::$type>,)*
        }

        node!(@ node $node $outputs, |all| $outputs { $($output: all.out($slot),)* });
    };
    (@ node $node:ident $type:ty, |$all:ident| $outputs:expr) => {
        impl Node for $node {
            type Outputs = $type;

            fn draft(&mut self) -> &mut Draft {
                &mut self.0
            }

            fn outputs($all: Outputs) -> $type {
                $outputs
            }
        }
    };
}

/// How a Rust value becomes a value of a workflow.
macro_rules! literals {
    ($target:ident: $($kind:ident)+) => { $($crate::front::dsl::macros::literals!(@ $kind $target);)+ };
    (@ int $target:ident) => {
        $crate::front::dsl::macros::literals!(
            @@ $target |int| $crate::ir::Value::Int(int.into()), i8 i16 i32 i64 u8 u16 u32 u64
        );
    };
    (@ whole_float $target:ident) => {
        $crate::front::dsl::macros::literals!(
            @@ $target |int| $crate::ir::Value::Float(int.into()), i8 i16 i32 u8 u16 u32
        );
    };
    (@ float $target:ident) => {
        $crate::front::dsl::macros::literals!(@@ $target |float| $crate::ir::Value::Float(float), f64);
    };
    (@ bool $target:ident) => {
        $crate::front::dsl::macros::literals!(@@ $target |bool| $crate::ir::Value::Bool(bool), bool);
    };
    (@ text $target:ident) => {
        $crate::front::dsl::macros::literals!(
            @@ $target |text| $crate::ir::Value::Str(AsRef::<str>::as_ref(&text).into()), &str String &String
        );
    };
    (@ model $target:ident) => {
        #[diagnostic::do_not_recommend]
        impl $crate::front::dsl::Feeds<$target> for $crate::front::dsl::ModelFile {
            fn feed(self) -> $crate::front::dsl::Given {
                $crate::front::dsl::Given::model(self.0)
            }
        }
    };
    (@@ $target:ident |$value:ident| $result:expr, $($rust:ty)+) => {$(
        #[diagnostic::do_not_recommend]
        impl $crate::front::dsl::Feeds<$target> for $rust {
            fn feed(self) -> $crate::front::dsl::Given {
                let $value = self;
                $crate::front::dsl::Given::value($result)
            }
        }
    )+};
}

pub(super) use {literals, node, port, union};
