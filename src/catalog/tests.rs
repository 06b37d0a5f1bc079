//! Tests of the whole room: embedded data against the capture it was made from, and properties.

use std::collections::BTreeMap;
use std::io::Read as _;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

/// JSON that uses the keys and types of `/object_info`, rightly and wrongly.
pub(super) fn any_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "required",
        "optional",
        "hidden",
        "input",
        "inputs",
        "input_order",
        "output",
        "output_name",
        "options",
        "template",
        "names",
        "prefix",
        "min",
        "max",
        "step",
        "key",
        "default",
        "formats",
        "template_id",
        "allowed_types",
        "INT",
        "FLOAT",
        "COMBO",
        "IMAGE",
        "COMFY_AUTOGROW_V3",
        "COMFY_DYNAMICCOMBO_V3",
        "COMFY_MATCHTYPE_V3",
        "COMFY_NEW_V3",
        "folder",
        "tooltip",
        "é\"\n",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // Exact in binary and in text: `serde_json` reads other numbers to the last digit but one.
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 8.0)),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..5).prop_map(|fields| {
                fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>().into()
            }),
        ]
    })
}

fn server(json: &Value, options: &ImportOptions) -> Captured {
    import(json.to_string().as_bytes(), options).unwrap()
}

/// The capture that the embedded catalog was made from, if the checkout has it.
fn capture() -> Option<Vec<u8>> {
    shared("facts/object_info.json.gz")
}

fn shared(name: &str) -> Option<Vec<u8>> {
    let path = format!("{}/../shared/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).ok();
    if bytes.is_none() {
        println!("skipped: {path} is not there");
    }
    bytes
}

/// How the embedded packs were imported.
fn embedded_options() -> ImportOptions {
    let versions = [("ComfyUI-WanVideoWrapper".to_owned(), "1.4.7".to_owned())];
    ImportOptions {
        comfyui_version: Some("0.27.0".to_owned()),
        pack_versions: BTreeMap::from(versions),
        portable: true,
        ..ImportOptions::default()
    }
}

fn gunzip(bytes: &[u8]) -> Value {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_embedded_pack_is_sound() {
    for (name, text) in EMBEDDED {
        let pack = PackFile::parse(*text).unwrap_or_else(|error| panic!("{name}: {error}"));
        pack.verify().unwrap_or_else(|error| panic!("{name}: {error}"));
        let [only] = &pack.identity().packs[..] else { panic!("{name}: not one pack") };
        assert_eq!(format!("{name}.json"), pack_file_name(&only.name));
        let names: Vec<_> = pack.class_names().map(Cow::into_owned).collect();
        let classes = names.iter().map(|class| (class.as_str(), pack.class_json(class).unwrap()));
        assert_eq!(only.hash, pack::hash(classes), "{name}: edited by hand?");
        assert!(!text.contains("zzprobe"), "{name}: left over from probing");
    }
}

#[test]
fn the_embedded_catalog_knows_its_classes() {
    let catalog = Catalog::embedded();
    assert_eq!(catalog.packs.len(), EMBEDDED.len());
    assert_eq!(catalog.class_names().len(), 1259);
    let sampler = catalog.class("KSampler").unwrap();
    assert_eq!(
        sampler.input("seed").map(|seed| &seed.kind),
        Some(&InputKind::Int { min: Some(0), max: Some(u64::MAX.into()), step: None })
    );
    assert!(Arc::ptr_eq(&sampler, &catalog.class("KSampler").unwrap()));
    let lora = catalog.class("WanVideoLoraSelect").unwrap();
    let InputKind::Combo(combo) = &lora.input("lora").unwrap().kind else { panic!("no combo") };
    assert_eq!((combo.folder.as_deref(), &combo.options), (Some("loras"), &None));
    assert_eq!(&*lora.pack, "ComfyUI-WanVideoWrapper");
    assert!(catalog.class("ksampler").is_none());
    assert_eq!(catalog.suggest("Ksampler").as_deref(), Some("KSampler"));
    assert_eq!(catalog.suggest("qqqqqqqqqqqq"), None);
    let identity = catalog.identity();
    assert_eq!(identity.comfyui.as_deref(), Some("0.27.0"));
    assert_eq!(identity.packs.len(), 7);
    assert_eq!(catalog.pack_names()[0], "ComfyUI");
    let wrapper = identity.packs.iter().find(|pack| pack.name == "ComfyUI-WanVideoWrapper").unwrap();
    assert_eq!(wrapper.version.as_deref(), Some("1.4.7"));
}

#[test]
fn every_embedded_class_reads_without_a_warning() {
    let mut warnings = Vec::new();
    for (_, text) in EMBEDDED {
        let pack = PackFile::parse(*text).unwrap();
        for name in pack.class_names() {
            let json = serde_json::from_str(pack.class_json(&name).unwrap()).unwrap();
            assert!(read_class(&name, &json, "", &mut warnings).is_some(), "{name}");
        }
    }
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn packs_may_be_chosen_by_name() {
    assert_eq!(Catalog::named("embedded").unwrap().pack_names().len(), 7);
    let some = Catalog::named("comfyui, gguf").unwrap();
    assert_eq!(some.pack_names(), ["ComfyUI", "ComfyUI-GGUF"]);
    assert!(some.class("WanVideoSampler").is_none());
    assert!(Catalog::named("nosuch").is_none());
    assert!(Catalog::embedded_names().all(|name| Catalog::named(name).is_some()));
}

#[test]
fn a_catalog_may_be_shared() {
    const fn assert_shared<T: Send + Sync>() {}
    assert_shared::<Catalog>();
}

#[test]
fn the_embedded_files_are_what_the_capture_gives() {
    let Some(bytes) = capture() else { return };
    let captured = import(&bytes[..], &embedded_options()).unwrap();
    assert_eq!(captured.warnings(), [""; 0]);
    let mut texts = captured.pack_texts();
    assert_eq!(texts, import(&bytes[..], &embedded_options()).unwrap().pack_texts(), "two runs differ");
    texts.sort();
    let mut embedded: Vec<_> = EMBEDDED.iter().map(|(name, text)| (format!("{name}.json"), *text)).collect();
    embedded.sort_unstable();
    let mut made: Vec<_> = texts.iter().map(|(pack, text)| (pack_file_name(pack), text.as_str())).collect();
    made.sort_unstable();
    for ((have, have_text), (want, want_text)) in embedded.iter().zip(&made) {
        assert_eq!(have, want);
        assert!(have_text == want_text, "schemas/nodes/{have} is stale");
    }
    assert_eq!(embedded.len(), made.len());
}

#[test]
fn a_capture_read_class_by_class_equals_its_import() {
    let Some(bytes) = capture() else { return };
    let options = ImportOptions::default();
    let imported = Catalog::from_captured(&import(&bytes[..], &options).unwrap()).unwrap();
    let lazy = read_catalog(&bytes, &options).unwrap();
    assert!(matches!(lazy.packs[..], [Pack::Answer(_)]));
    assert_eq!(lazy.class_names(), imported.class_names());
    for name in imported.class_names() {
        assert_eq!(lazy.class(&name), imported.class(&name), "{name}");
    }
}

#[test]
fn every_class_of_the_capture_equals_the_embedded_one() {
    let Some(bytes) = capture() else { return };
    let root = gunzip(&bytes);
    let catalog = Catalog::embedded();
    let files = FileInputs::embedded();
    for (name, json) in root.as_object().unwrap() {
        let mut raw = read_class(name, json, "?", &mut Vec::new()).unwrap();
        for input in &mut raw.inputs {
            forget_files(input, files.folder(name, &input.name));
        }
        assert_eq!(Some(&raw), catalog.class(name).as_deref(), "{name}");
    }
}

/// What a portable import makes of an input.
fn forget_files(input: &mut InputSpec, folder: Option<&str>) {
    let InputKind::Combo(combo) = &mut input.kind else { return };
    combo.folder = folder.map(Arc::from);
    if folder.is_some() || combo.options.as_ref().is_some_and(|options| options.is_empty()) {
        combo.options = None;
        input.default =
            input.default.take().filter(|value| !value.as_str().is_some_and(|text| text.contains('.')));
    }
}

#[test]
fn a_whole_server_reads_from_any_of_its_forms() {
    let Some(bytes) = capture() else { return };
    let options = ImportOptions { portable: false, ..embedded_options() };
    let raw = read_catalog(&bytes, &options).unwrap();
    let text = import(&bytes[..], &options).unwrap().to_text();
    let captured = read_catalog(text.as_bytes(), &options).unwrap();
    assert_eq!(raw.identity(), captured.identity());
    assert_eq!(raw.identity(), Catalog::embedded().identity(), "hashes depend on the machine's files");
    assert_eq!(raw.class_names(), captured.class_names());
    for name in raw.class_names() {
        assert_eq!(raw.class(&name), captured.class(&name), "{name}");
    }
    let InputKind::Combo(combo) = &raw.class("VAELoader").unwrap().inputs[0].kind else { panic!("no combo") };
    assert_eq!(
        (combo.folder.as_deref(), &combo.options),
        (Some("vae"), &Some([json!("pixel_space")].into()))
    );
    assert!(diff(&raw, &Catalog::embedded()).lines().is_empty(), "files of the machine are no difference");
}

/// The corpus has another capture of the same packs, from a machine with many models.
#[test]
fn the_models_of_a_machine_do_not_change_its_identity() {
    let Some(bytes) = shared("corpus/object_info.json.gz") else { return };
    let options = ImportOptions { portable: false, ..embedded_options() };
    let catalog = read_catalog(&bytes, &options).unwrap();
    assert_eq!(catalog.identity(), Catalog::embedded().identity());
    assert_eq!(diff(&Catalog::embedded(), &catalog).lines(), [""; 0]);
}

/// With the keys of all objects in reverse order, but for inputs inside dynamic ones: these have no
/// `input_order`, their order is the declaration.
fn reversed(value: &Value, declared: bool) -> Value {
    match value {
        Value::Object(fields) => {
            let inner = |key: &str| declared || matches!(key, "template" | "options");
            let mut all: Vec<_> =
                fields.iter().map(|(key, value)| (key.clone(), reversed(value, inner(key)))).collect();
            if !declared {
                all.reverse();
            }
            all.into_iter().collect::<Map<_, _>>().into()
        }
        Value::Array(values) => values.iter().map(|value| reversed(value, declared)).collect(),
        other => other.clone(),
    }
}

#[test]
fn key_order_does_not_matter() {
    let Some(bytes) = capture() else { return };
    let root = gunzip(&bytes);
    let options = embedded_options();
    let other = reversed(&root, false);
    assert_ne!(other.to_string(), root.to_string());
    assert_eq!(server(&other, &options).to_text(), server(&root, &options).to_text());
}

proptest! {
    #[test]
    fn importing_and_writing_keeps_every_class(
        classes in prop::collection::btree_map("[a-c\"\\\\é ]{0,3}", any_json(), 1..6),
        portable in any::<bool>(),
    ) {
        let root: Map<String, Value> = classes
            .iter()
            .map(|(name, input)| (name.clone(), json!({ "input": { "required": input }, "output": [] })))
            .collect();
        let options = ImportOptions { portable, ..ImportOptions::default() };
        let captured = server(&Value::Object(root.clone()), &options);
        let catalog = Catalog::from_pack_text(captured.to_text()).unwrap();
        prop_assert!(catalog.class_names().iter().eq(classes.keys()));
        for (name, json) in &root {
            let raw = read_class(name, json, CORE_PACK, &mut Vec::new()).unwrap();
            if !portable {
                let read = catalog.class(name);
                prop_assert_eq!(Some(&raw), read.as_deref());
            }
        }
        // An answer that is read class by class has the same classes.
        let lazy = read_catalog(Value::Object(root.clone()).to_string().as_bytes(), &options).unwrap();
        for name in classes.keys() {
            prop_assert_eq!(lazy.class(name), catalog.class(name));
            prop_assert_eq!(lazy.class_json(name), catalog.class_json(name));
        }
        prop_assert_eq!(lazy.identity(), catalog.identity());
        // What was written is in its final form.
        let again = server(&serde_json::from_str::<Value>(&captured.to_text()).unwrap()["classes"], &options);
        prop_assert_eq!(again.to_text(), captured.to_text());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), gzip in any::<bool>()) {
        let bytes = if gzip { [&[0x1f, 0x8b, 8][..], &bytes].concat() } else { bytes };
        let _ = read_catalog(&bytes, &ImportOptions::default());
        let _ = import(&bytes[..], &ImportOptions::default());
    }

    #[test]
    fn any_json_is_read_or_refused(json in any_json(), cut in any::<prop::sample::Index>()) {
        let text = json.to_string();
        let _ = import(text.as_bytes(), &ImportOptions::default());
        let mut end = cut.index(text.len() + 1);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let _ = import(&text.as_bytes()[..end], &ImportOptions::default());
    }

    #[test]
    fn a_damaged_pack_file_is_read_or_refused(at in any::<prop::sample::Index>(), byte in "[\"\\{\\}:,\n a]") {
        let mut text = EMBEDDED[6].1.to_owned();
        let mut at = at.index(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        text.insert_str(at, &byte);
        if let Ok(catalog) = Catalog::from_pack_text(text) {
            for name in catalog.class_names() {
                let _ = catalog.class(&name);
            }
        }
    }
}
