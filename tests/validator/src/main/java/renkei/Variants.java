package renkei;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/** Breaks a good document in single places: a judge that takes these too has proved nothing. */
final class Variants {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Variants() {}

    /** Whether the text is a document bundle, from which variants can be made. */
    static boolean isDocument(String text) {
        try {
            JsonNode root = MAPPER.readTree(text);
            return root.path("resourceType").asText().equals("Bundle")
                    && root.path("type").asText().equals("document");
        } catch (JsonProcessingException broken) {
            return false;
        }
    }

    /** What was broken, and the text of the broken document. */
    static Map<String, String> of(String text) throws JsonProcessingException {
        Map<String, Consumer<ObjectNode>> breakers = new LinkedHashMap<>();
        breakers.put("without timestamp", bundle -> bundle.remove("timestamp"));
        breakers.put("identifier without system", bundle -> object(bundle, "/identifier").remove("system"));
        breakers.put("of type batch", bundle -> bundle.put("type", "batch"));
        breakers.put("Composition not first", bundle -> {
            ArrayNode entries = (ArrayNode) bundle.get("entry");
            entries.add(entries.remove(0));
        });
        breakers.put("without Composition.type", bundle -> composition(bundle).remove("type"));
        breakers.put("without section code", bundle -> section(bundle).remove("code"));
        breakers.put("unknown section code", bundle -> object(bundle,
                "/entry/0/resource/section/0/code/coding/0").put("code", "no-such-section"));
        breakers.put("empty section", bundle -> section(bundle).remove(java.util.List.of("entry", "text", "section")));
        breakers.put("dangling subject", bundle -> object(bundle, "/entry/0/resource/subject")
                .put("reference", "urn:uuid:00000000-0000-0000-0000-000000000000"));
        breakers.put("unknown element", bundle -> first(bundle, "Patient").put("nickname", "x"));
        breakers.put("unknown gender", bundle -> first(bundle, "Patient").put("gender", "m"));
        breakers.put("unknown profile", bundle -> first(bundle, "Patient").putObject("meta")
                .putArray("profile").add("https://renkei.example/fhir/StructureDefinition/Nothing"));

        Map<String, String> variants = new LinkedHashMap<>();
        for (Map.Entry<String, Consumer<ObjectNode>> breaker : breakers.entrySet()) {
            ObjectNode copy = (ObjectNode) MAPPER.readTree(text);
            breaker.getValue().accept(copy);
            variants.put(breaker.getKey(), MAPPER.writeValueAsString(copy));
        }
        return variants;
    }

    private static ObjectNode object(JsonNode bundle, String pointer) {
        return (ObjectNode) bundle.requiredAt(pointer);
    }

    private static ObjectNode composition(JsonNode bundle) {
        return object(bundle, "/entry/0/resource");
    }

    private static ObjectNode section(JsonNode bundle) {
        return object(bundle, "/entry/0/resource/section/0");
    }

    private static ObjectNode first(JsonNode bundle, String type) {
        for (JsonNode entry : bundle.get("entry")) {
            if (entry.path("resource").path("resourceType").asText().equals(type)) {
                return (ObjectNode) entry.get("resource");
            }
        }
        throw new IllegalArgumentException("the document holds no " + type);
    }
}
