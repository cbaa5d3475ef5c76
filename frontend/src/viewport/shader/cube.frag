uniform sampler2D labels;
uniform vec3 base;
uniform vec3 text;
uniform vec3 hover;
uniform vec3 zone;
uniform float band;
in vec3 v_local;
in vec3 v_normal;
in vec2 v_uv;
flat in vec3 v_axis;
layout (location = 0) out vec4 colour;
void main() {
    vec3 at = clamp(v_local, -1.0, 1.0);
    vec3 inner = abs(at) * (1.0 - abs(v_axis));
    float border = max(inner.x, max(inner.y, inner.z));
    float pixel = fwidth(border);
    vec3 here = sign(at) * step(vec3(band), abs(at));
    vec3 c = base * (0.80 + 0.20 * clamp(v_normal.z, 0.0, 1.0) + 0.07 * v_normal.y);
    // The band of edges and corners is a shade deeper, its border a fine line; the cube's own edges are strong.
    c *= border > band ? 0.955 : 1.0;
    c = mix(c, text, 0.16 * (1.0 - smoothstep(0.0, 1.2 * pixel, abs(border - band))));
    c = mix(c, text, 0.42 * smoothstep(1.0 - 2.2 * pixel, 1.0 - 0.6 * pixel, border));
    if (dot(zone, zone) > 0.5 && distance(here, zone) < 0.1) c = mix(c, hover, 0.75);
    c = mix(c, text, texture(labels, v_uv).r);
    colour = vec4(c, 1.0);
}
