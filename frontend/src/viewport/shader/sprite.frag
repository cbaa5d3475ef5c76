uniform sampler2D labels;
in vec2 v_uv;
in vec4 v_colour;
layout (location = 0) out vec4 colour;
void main() {
    float alpha = texture(labels, v_uv).r * v_colour.a;
    if (alpha < 0.01) discard;
    colour = vec4(v_colour.rgb, alpha);
}
